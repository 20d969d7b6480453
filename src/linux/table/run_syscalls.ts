import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { errno } from "../call/libc.ts";
import { type RawArgument, tryRawSyscall } from "../call/raw_syscall.ts";
import { SyscallError } from "../call/syscall_error.ts";
import type { Argument, Syscall } from "./syscall_image.ts";

/**
 * Makes the calls of a table in this very process. Only rows without branches, and whose arguments
 * are numbers, memory and results.
 *
 * @throws {EnrootError} what the table's own program would say
 */
export function runSyscalls(rows: readonly Syscall[]): void {
  const results = new Map<Syscall, number>();
  const valueOf = (argument: Argument): RawArgument => {
    if (typeof argument !== "object") return argument;
    if (argument.kind === "memory") return argument.bytes;
    if (argument.kind === "result") return results.get(argument.of) ?? 0;
    throw new TypeError(`cannot pass ${argument.kind} from here`);
  };
  for (const row of rows) {
    const result = tryRawSyscall(row.name, row.arguments.map(valueOf));
    if (result < 0 && !row.ignoreError) throw failureOf(row, errno());
    results.set(row, result);
  }
}

function failureOf({ name, failure = name }: Syscall, number: number): EnrootError {
  const cause = new SyscallError(name, number);
  const shown: ByteString = failure;
  return new EnrootError(`${textFromByteString(shown)}: ${cause.reason}`, { cause });
}
