import type { ByteString } from "../../bytes/mod.ts";
import { cloneAndGoOn, keepInPlace } from "./clone_and_go_on.ts";
import { PointerList } from "../table/exec.ts";
import { cString } from "../call/libc.ts";
import { wordOf } from "../call/raw_syscall.ts";

/** A program and what it is given, as for execveat(2). */
export interface ProgramCall {
  /** The open executable. Its path may name another file by now. */
  file: number;
  /** The path, for messages. */
  path: ByteString;
  argv: ByteString[];
  environment: ByteString[];
}

/**
 * Executes a program in this process's place and goes on in a child, which has all memory to itself
 * from then on. Only for a process without other threads: a {@link fork}. Where the program cannot
 * be executed, the process ends with code 1.
 *
 * @throws {SyscallError}
 */
export function goOnInChild({ file, argv, environment }: ProgramCall): void {
  const path = cString("");
  const words = new PointerList(argv);
  const variables = new PointerList(environment);
  const handover = BigInt64Array.of(
    BigInt(file),
    wordOf(path),
    wordOf(words.array),
    wordOf(variables.array),
    ...[1n, 0n, 0n], // The child, which serves on, has nothing to say of a failure.
  );
  keepInPlace(path, words, variables, handover);
  cloneAndGoOn(0, handover);
}

/** Ends this process and goes on in an orphaned child. Only for a {@link fork}. @throws {SyscallError} */
export function goOnAsOrphan(): void {
  const path = cString("");
  const nothing = BigInt64Array.of(-1n, wordOf(path), 0n, 0n, 0n, 0n, 0n);
  keepInPlace(path, nothing);
  cloneAndGoOn(0, nothing);
}
