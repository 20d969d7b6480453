import { bytesOf, type ByteString } from "../bytes/mod.ts";
import { SyscallError } from "./syscall_error.ts";

/**
 * Opens functions of the C library on first use, so that a command pays only for what it calls.
 *
 * None may be `nonblocking`: most of the calls made here act on the calling thread.
 */
export function libc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): () => Deno.DynamicLibrary<S>["symbols"] {
  let opened: Deno.DynamicLibrary<S>["symbols"] | undefined;
  return () => opened ??= Deno.dlopen("libc.so.6", symbols).symbols;
}

const errnoSymbols = libc({
  __errno_location: { parameters: [], result: "pointer" },
});

let errnoView: Deno.UnsafePointerView | undefined;

/** errno(3) of this thread; meaningful only right after a call that failed. */
export function errno(): number {
  if (errnoView === undefined) {
    const location = errnoSymbols().__errno_location();
    if (location === null) throw new Error("__errno_location() returned NULL");
    errnoView = new Deno.UnsafePointerView(location);
  }
  return errnoView.getInt32(0);
}

/**
 * Checks a result by the C convention: negative means that errno tells why.
 *
 * @throws {SyscallError} naming the call and its operand
 */
export function check(result: number, call: string, operand?: ByteString): number {
  if (result < 0) throw new SyscallError(call, errno(), operand);
  return result;
}

/** A NUL-terminated C string. @throws {TypeError} on an embedded NUL, which would cut it short. */
export function cString(value: ByteString): Uint8Array<ArrayBuffer> {
  if (value.includes("\0")) throw new TypeError("embedded NUL in a C string");
  return bytesOf(value + "\0");
}
