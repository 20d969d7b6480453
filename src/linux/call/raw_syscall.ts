import type { ByteString } from "../../bytes/mod.ts";
import { SyscallError } from "./syscall_error.ts";
import { type SyscallName, syscallNumber } from "./syscall_numbers.ts";

/** A number, or the address of a buffer; null is the address 0. */
export type RawArgument = number | bigint | Uint8Array<ArrayBuffer> | null;

/**
 * Makes a system call by its number (syscall(2)). For calls made a few times: one function of the C
 * library serves them all. What is called for every file of an image has a function of its own.
 *
 * @throws {SyscallError} naming the call and the operand
 */
export function rawSyscall(
  name: SyscallName,
  args: readonly RawArgument[],
  operand?: ByteString,
): number {
  return check(tryRawSyscall(name, args), name, operand);
}

/** As {@link rawSyscall}, but a failure is a negative result; errno(3) tells why. */
export function tryRawSyscall(name: SyscallName, args: readonly RawArgument[]): number {
  const word = (index: number) => wordOf(args[index] ?? 0);
  return Number(
    base().syscall(
      BigInt(syscallNumber(name, Deno.build.arch)),
      word(0),
      word(1),
      word(2),
      word(3),
      word(4),
      word(5),
    ),
  );
}

/** A number as it is passed, or the address of a buffer, which must outlive its use. */
export function wordOf(argument: number | bigint | Uint8Array<ArrayBuffer>): bigint {
  return typeof argument === "object"
    ? BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(argument)))
    : BigInt(argument);
}

const BASE = {
  syscall: {
    parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
    result: "i64",
  },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

let baseSymbols: Deno.DynamicLibrary<typeof BASE>["symbols"] | undefined;
let errnoView: Deno.UnsafePointerView | undefined;

/** What everything else needs. */
function base(): Deno.DynamicLibrary<typeof BASE>["symbols"] {
  if (baseSymbols === undefined) {
    baseSymbols = Deno.dlopen("libc.so.6", BASE).symbols;
  }
  return baseSymbols;
}

/** Where errno(3) of this thread lies. */
export function errnoLocation(): Deno.UnsafePointerView {
  if (errnoView === undefined) {
    const location = base().__errno_location();
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
