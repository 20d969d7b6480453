import { type ByteString } from "../bytes/mod.ts";
import { anonymousFile } from "./anonymous_file.ts";
import { pwrite } from "./file_data.ts";
import { AT, close, O, openat } from "./files.ts";
import { cString } from "./libc.ts";
import { isExecutable } from "./process.ts";
import { rawSyscall } from "./raw_syscall.ts";
import { isSyscallError, SyscallError } from "./syscall_error.ts";
import { type ReportStyle, type Syscall, syscallImage } from "./syscall_image.ts";

const AT_EMPTY_PATH = 0x1000;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Lets programs that are executed keep a descriptor (fcntl(2), FD_CLOEXEC off). @throws {SyscallError} */
export function inheritOnExec(fd: number): void {
  rawSyscall("fcntl", [fd, F_SETFD, 0]);
}

/** Has a descriptor closed in programs that are executed (fcntl(2), FD_CLOEXEC). @throws {SyscallError} */
export function closeOnExec(fd: number): void {
  rawSyscall("fcntl", [fd, F_SETFD, FD_CLOEXEC]);
}

/** A row that has a descriptor closed in programs that are executed. */
export function closeOnExecRow(fd: number): Syscall {
  return { name: "fcntl", arguments: [fd, F_SETFD, FD_CLOEXEC], ignoreError: true };
}

/**
 * Replaces this process by one that runs a table of system calls ({@link syscallImage}); returns
 * only by throwing. The process keeps its PID.
 *
 * @param options.environment what others shall see as the environment of that process
 * @throws {SyscallError}
 */
export function execSyscallTable(
  table: Syscall[],
  report: ReportStyle,
  { environment = [] }: { environment?: ByteString[] } = {},
): never {
  const fd = syscallProgram(table, report);
  const argv = new PointerList(["enroot"]);
  const variables = new PointerList(environment);
  rawSyscall("execveat", [fd, cString(""), argv.array, variables.array, AT_EMPTY_PATH]);
  throw new Error("execveat returned");
}

/**
 * Writes the program that runs a table of system calls to a file without a name, closed on exec.
 *
 * @returns its descriptor
 * @throws {SyscallError} where the kernel lets nothing of ours be executed
 */
export function syscallProgram(table: Syscall[], report: ReportStyle): number {
  const { code, data, dataOffset } = syscallImage(table, {
    architecture: Deno.build.arch,
    report,
  });
  const write = (fd: number) => {
    pwrite(fd, code, { offset: 0 });
    pwrite(fd, data, { offset: dataOffset });
    return fd;
  };
  try {
    return write(anonymousFile("enroot", { inherit: false, executable: true }));
  } catch (error) {
    if (!isSyscallError(error, "EACCES")) throw error;
    const fd = programOnDisk(write);
    if (fd === null) throw error;
    return fd;
  }
}

/** Makes the program where files can be executed; null where there is no such place. */
function programOnDisk(write: (fd: number) => number): number | null {
  for (const directory of ["/dev/shm", "/tmp", "/var/tmp"]) {
    try {
      const writer = openat(AT.FDCWD, directory, { flags: O.RDWR | O.TMPFILE, mode: 0o700 });
      // What is open for writing cannot be executed (ETXTBSY).
      const fd = openat(AT.FDCWD, `/proc/self/fd/${write(writer)}`, { flags: O.RDONLY });
      close(writer);
      if (isExecutable(`/proc/self/fd/${fd}`)) return fd;
      close(fd);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }
  return null;
}

/** A NULL-terminated array of C strings; the strings live as long as this object. */
export class PointerList {
  readonly array: Uint8Array<ArrayBuffer>;
  readonly strings: Uint8Array<ArrayBuffer>[];

  constructor(values: ByteString[]) {
    this.strings = values.map(cString);
    const words = new BigUint64Array(values.length + 1);
    this.array = new Uint8Array(words.buffer);
    this.strings.forEach((bytes, index) => {
      words[index] = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
    });
  }
}
