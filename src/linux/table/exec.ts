import { type ByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { fileWithoutName, memoryFile } from "../file/anonymous_file.ts";
import { callerLimitRows } from "./caller_limits.ts";
import { pwrite } from "../file/file_data.ts";
import { AT, close, O, openat } from "../file/files.ts";
import { cString } from "../call/libc.ts";
import { rawSyscall } from "../call/raw_syscall.ts";
import { isSyscallError, SyscallError } from "../call/syscall_error.ts";
import { type ReportStyle, type Syscall, syscallImage } from "./syscall_image.ts";

const AT_EMPTY_PATH = 0x1000;
const EACCES = 13;
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
 * @throws {EnrootError} where the kernel lets no program of ours be executed
 */
export function execSyscallTable(
  table: Syscall[],
  report: ReportStyle,
  { environment = [] }: { environment?: ByteString[] } = {},
): never {
  const argv = new PointerList(["enroot"]);
  const variables = new PointerList(environment);
  return inExecutablePlace((place) => {
    executeDescriptor(place(syscallBytes(table, report)), { argv, variables });
  });
}

/** execveat(2) of an open file; returns only by throwing. @throws {SyscallError} */
export function executeDescriptor(
  fd: number,
  { argv, variables }: { argv: PointerList; variables: PointerList },
): never {
  rawSyscall("execveat", [fd, cString(""), argv.array, variables.array, AT_EMPTY_PATH]);
  throw new Error("execveat returned");
}

/** The program that runs a table of system calls. */
export type ProgramBytes = ReturnType<typeof syscallImage>;

/**
 * That program; it and what it executes have the limits of this process's caller.
 *
 * @param report null for calls that cannot fail
 */
export function syscallBytes(table: Syscall[], report: ReportStyle | null): ProgramBytes {
  return syscallImage([...callerLimitRows(), ...table], { architecture: Deno.build.arch, report });
}

/** Makes a file without a name of a program, closed on exec. @returns its descriptor */
type Place = (program: ProgramBytes) => number;

/** Where programs of ours may be executed: in memory, where nothing is left over. */
const DIRECTORIES = ["/dev/shm", "/tmp", "/var/tmp"];

/**
 * Executes something in the first place where that is allowed: the kernel may refuse what is in
 * memory (sysctl vm.memfd_noexec, a policy such as fapolicyd's), or file systems be mounted noexec.
 *
 * @param execute returns only by throwing
 * @throws {EnrootError} where it is allowed nowhere, or fails for another reason
 */
export function inExecutablePlace(execute: (place: Place) => void): never {
  let first: unknown;
  for (const place of [inMemory, ...DIRECTORIES.map(onDisk)]) {
    try {
      execute(place);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      if (!isSyscallError(error, "EACCES", "EPERM", "ENOSYS", "ENOENT", "EROFS", "EOPNOTSUPP")) {
        throw refusal(error);
      }
      first ??= error;
    }
  }
  throw refusal(first);
}

function refusal(error: unknown): EnrootError {
  const places = ["memory", ...DIRECTORIES].join(", ");
  const { reason } = error as SyscallError;
  return isSyscallError(error, "E2BIG")
    ? new EnrootError(`Cannot execute the container's command: ${reason} (its environment)`, {
      cause: error,
    })
    : new EnrootError(
      `Cannot execute a program of enroot's own: ${reason} (a policy forbids it in ${places})`,
      { cause: error },
    );
}

/**
 * Has the program that runs a table of system calls started as a child, in the first place where the
 * kernel lets it be executed.
 *
 * @param start starts it by its path; throws Deno.errors.PermissionDenied where that is refused
 * @throws {EnrootError} where it is refused everywhere
 */
export function withSyscallProgram<Result>(
  table: Syscall[],
  report: ReportStyle,
  start: (path: string) => Result,
): Result {
  const program = syscallBytes(table, report);
  let first: SyscallError | undefined;
  for (const place of [inMemory, ...DIRECTORIES.map(onDisk)]) {
    let fd: number;
    try {
      fd = place(program);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      first ??= error;
      continue;
    }
    try {
      return start(`/proc/self/fd/${fd}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      first ??= new SyscallError("execve", EACCES);
    } finally {
      close(fd);
    }
  }
  throw refusal(first);
}

function inMemory(program: ProgramBytes): number {
  return write(memoryFile("enroot", { inherit: false, executable: true }), program);
}

function onDisk(directory: string): Place {
  return (program) => {
    const writer = fileWithoutName(directory);
    try {
      // What is open for writing cannot be executed (ETXTBSY).
      return openat(AT.FDCWD, `/proc/self/fd/${write(writer, program)}`, { flags: O.RDONLY });
    } finally {
      close(writer);
    }
  };
}

function write(fd: number, { code, data, dataOffset }: ProgramBytes): number {
  pwrite(fd, code, { offset: 0 });
  pwrite(fd, data, { offset: dataOffset });
  return fd;
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
