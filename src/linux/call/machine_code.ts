import { rawSyscall } from "./raw_syscall.ts";

const SIGNATURE = { parameters: ["i64", "buffer"], result: "i64" } as const;

/**
 * Puts machine code where it can be executed: a function of a number and a structure, with a number
 * for its result.
 *
 * @param code in hexadecimal
 * @throws {SyscallError}
 */
export function machineFunction(code: string): Deno.UnsafeFnPointer<typeof SIGNATURE> {
  const PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20;
  const bytes = Uint8Array.fromHex(code);
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const address = rawSyscall("mmap", [0, bytes.length, PROT_READ | PROT_WRITE, flags, -1, 0]);
  const place = Deno.UnsafePointer.create(BigInt(address));
  if (place === null) throw new Error("mmap returned NULL");
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(place, bytes.length)).set(bytes);
  rawSyscall("mprotect", [address, bytes.length, PROT_READ | PROT_EXEC]);
  return new Deno.UnsafeFnPointer(place as Deno.PointerObject<typeof SIGNATURE>, SIGNATURE);
}
