import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { messageOf } from "../../diagnostics/mod.ts";
import { ERRNO_NAMES, ERRNO_TEXTS } from "./errno.ts";

/** A system call that failed: which, on what, and errno(3). */
export class SyscallError extends Error {
  override name = "SyscallError";
  /** The symbolic name of the error (`ENOENT`). */
  readonly code: string;
  /** What the error means, in the C library's words. */
  readonly reason: string;

  constructor(readonly call: string, readonly errno: number, operand?: ByteString) {
    const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
    const reason = ERRNO_TEXTS.get(errno) ?? code;
    super(
      operand === undefined
        ? `${call}: ${reason}`
        : `${call} ${textFromByteString(operand)}: ${reason}`,
    );
    this.code = code;
    this.reason = reason;
  }
}

/** Whether an error is a failed system call with one of these codes (`"ENOENT"`). */
export function isSyscallError(error: unknown, ...codes: string[]): error is SyscallError {
  return error instanceof SyscallError && codes.includes(error.code);
}

/** Why something failed, for a message that names the step and the operand itself. */
export function reasonOf(error: unknown): string {
  return error instanceof SyscallError ? error.reason : messageOf(error);
}
