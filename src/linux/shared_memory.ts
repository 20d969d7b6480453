import { anonymousFile } from "./anonymous_file.ts";
import { ftruncate } from "./file_data.ts";
import { rawSyscall } from "./raw_syscall.ts";

/** Memory that other processes can have as well. */
export interface SharedMemory {
  /** The file that they map, closed on exec. */
  fd: number;
  /** Where it is in this process, for memoryAt(). */
  address: number;
}

/**
 * Makes memory to be shared with processes that get its descriptor. It takes up room only where it
 * is touched, and stays for as long as this process lives.
 *
 * @throws {SyscallError}
 */
export function sharedMemory(label: string, length: number): SharedMemory {
  const PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1;
  const fd = anonymousFile(label, { inherit: false });
  ftruncate(fd, length);
  const address = rawSyscall("mmap", [0, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0]);
  return { fd, address };
}

/** Memory of this process, for whichever thread of it: so many bytes from an address on. */
export function memoryAt(address: number, length: number): Uint8Array<ArrayBuffer> {
  const pointer = Deno.UnsafePointer.create(BigInt(address));
  if (pointer === null) throw new TypeError("no memory at address 0");
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length));
}
