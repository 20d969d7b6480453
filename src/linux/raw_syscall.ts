import type { ByteString } from "../bytes/mod.ts";
import { check, libc } from "./libc.ts";
import { type SyscallName, syscallNumber } from "./syscall_numbers.ts";

const symbols = libc({
  syscall: {
    parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
    result: "i64",
  },
});

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
    symbols().syscall(
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

function wordOf(argument: number | bigint | Uint8Array<ArrayBuffer>): bigint {
  return typeof argument === "object"
    ? BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(argument)))
    : BigInt(argument);
}
