import { bytesOf, type ByteString } from "../bytes/mod.ts";
import { SyscallError } from "./syscall_error.ts";

/**
 * Functions of the C library, each opened on its first use: opening one costs half a millisecond,
 * which is what `start` has for everything.
 *
 * None may be `nonblocking`: most of the calls made here act on the calling thread.
 */
export function libc<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): () => Deno.DynamicLibrary<S>["symbols"] {
  const functions = {};
  for (const name of Object.keys(symbols)) {
    Object.defineProperty(functions, name, {
      configurable: true,
      get() {
        const value = open(name, symbols[name]);
        Object.defineProperty(functions, name, { value });
        return value;
      },
    });
  }
  return () => functions as Deno.DynamicLibrary<S>["symbols"];
}

function open(name: string, symbol: Deno.ForeignFunction | Deno.ForeignStatic | undefined) {
  errnoLocation(); // After a call that failed it would be too late: opening sets errno itself.
  const library = Deno.dlopen("libc.so.6", { [name]: symbol } as Deno.ForeignLibraryInterface);
  return (library.symbols as Record<string, unknown>)[name];
}

let errnoView: Deno.UnsafePointerView | undefined;

function errnoLocation(): Deno.UnsafePointerView {
  if (errnoView === undefined) {
    const { symbols } = Deno.dlopen("libc.so.6", {
      __errno_location: { parameters: [], result: "pointer" },
    });
    const location = symbols.__errno_location();
    if (location === null) throw new Error("__errno_location() returned NULL");
    errnoView = new Deno.UnsafePointerView(location);
  }
  return errnoView;
}

/** errno(3) of this thread; meaningful only right after a call that failed. */
export function errno(): number {
  return errnoLocation().getInt32(0);
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
