import { type ByteString } from "../bytes/mod.ts";
import { anonymousFile } from "./anonymous_file.ts";
import { pwrite } from "./file_data.ts";
import { check, cString, libc } from "./libc.ts";
import { type ReportStyle, type Syscall, syscallImage } from "./syscall_image.ts";

const symbols = libc({
  execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  execveat: { parameters: ["i32", "buffer", "buffer", "buffer", "i32"], result: "i32" },
});

const AT_EMPTY_PATH = 0x1000;

/**
 * Replaces this process (execve(2)); returns only by throwing.
 *
 * @param environment `NAME=value` strings
 * @throws {SyscallError}
 */
export function execve(
  path: ByteString,
  { argv, environment }: { argv: ByteString[]; environment: ByteString[] },
): never {
  const strings = new PointerList(argv);
  const variables = new PointerList(environment);
  check(symbols().execve(cString(path), strings.array, variables.array), "execve", path);
  throw new Error("execve returned");
}

/** Lets programs that are executed keep a descriptor (fcntl(2), FD_CLOEXEC off). @throws {SyscallError} */
export function inheritOnExec(fd: number): void {
  const F_SETFD = 2;
  check(symbols().fcntl(fd, F_SETFD, 0), "fcntl(F_SETFD)");
}

/**
 * Replaces this process by one that runs a table of system calls ({@link syscallImage}); returns
 * only by throwing. The process keeps its PID.
 *
 * @throws {SyscallError} where the kernel forbids to run programs that lie in memory, too
 */
export function execSyscallTable(table: Syscall[], report: ReportStyle): never {
  const { code, data, dataOffset } = syscallImage(table, {
    architecture: Deno.build.arch,
    report,
  });
  const fd = anonymousFile("enroot", { inherit: false });
  pwrite(fd, code, { offset: 0 });
  pwrite(fd, data, { offset: dataOffset });
  const nothing = new PointerList([]);
  const argv = new PointerList(["enroot"]);
  check(
    symbols().execveat(fd, cString(""), argv.array, nothing.array, AT_EMPTY_PATH),
    "execveat",
  );
  throw new Error("execveat returned");
}

/** A NULL-terminated array of C strings; the strings live as long as this object. */
class PointerList {
  readonly array: BigUint64Array<ArrayBuffer>;
  readonly strings: Uint8Array<ArrayBuffer>[];

  constructor(values: ByteString[]) {
    this.strings = values.map(cString);
    this.array = new BigUint64Array(values.length + 1);
    this.strings.forEach((bytes, index) => {
      this.array[index] = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
    });
  }
}
