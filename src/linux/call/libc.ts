import { bytesOf, type ByteString } from "../../bytes/mod.ts";
import { errnoLocation, type RawArgument, tryRawSyscall } from "./raw_syscall.ts";
import type { SyscallName } from "./syscall_numbers.ts";

export { check, errno } from "./raw_syscall.ts";

/** How often a function is called by way of syscall(2) before it is opened itself. */
const CALLS_BEFORE_OPENING = 100;

/** Functions that do nothing but make a system call, with the arguments they are given. */
const PLAIN_CALLS: Readonly<Record<string, SyscallName>> = {
  close: "close",
  fchmod: "fchmod",
  mkdirat: "mkdirat",
  openat: "openat",
  pipe2: "pipe2",
  pread: "pread64",
  pwrite: "pwrite64",
  read: "read",
  statx: "statx",
  symlinkat: "symlinkat",
  write: "write",
};

/**
 * Functions of the C library, each opened when it is needed: opening one costs half a millisecond,
 * which is what `start` has for everything. What is called a few times goes through syscall(2), as
 * long as that is cheaper.
 *
 * None may be `nonblocking`: most of the calls made here act on the calling thread.
 */
export function libc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): () => Deno.DynamicLibrary<S>["symbols"] {
  const functions = {};
  for (const name of Object.keys(symbols)) {
    const define = (value: unknown) =>
      Object.defineProperty(functions, name, { configurable: true, value });
    const openNow = () => {
      const value = open(name, symbols[name]);
      define(value);
      return value;
    };
    const call = PLAIN_CALLS[name];
    if (call === undefined) {
      Object.defineProperty(functions, name, { configurable: true, get: openNow });
    } else define(firstCalls(call, openNow));
  }
  return () => functions as Deno.DynamicLibrary<S>["symbols"];
}

/** A system call that opens its function once that pays. */
function firstCalls(
  name: SyscallName,
  openFunction: () => unknown,
): (...args: RawArgument[]) => number {
  let calls = 0;
  return (...args) => {
    calls++;
    if (calls === CALLS_BEFORE_OPENING) openFunction();
    return tryRawSyscall(name, args);
  };
}

function open(name: string, symbol: Deno.ForeignFunction | Deno.ForeignStatic | undefined) {
  errnoLocation(); // After a call that failed it would be too late: opening sets errno itself.
  const library = Deno.dlopen("libc.so.6", { [name]: symbol } as Deno.ForeignLibraryInterface);
  return (library.symbols as Record<string, unknown>)[name];
}

/** A NUL-terminated C string. @throws {TypeError} on an embedded NUL, which would cut it short. */
export function cString(value: ByteString): Uint8Array<ArrayBuffer> {
  if (value.includes("\0")) throw new TypeError("embedded NUL in a C string");
  return bytesOf(value + "\0");
}
