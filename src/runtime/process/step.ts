import { EnrootError } from "../../diagnostics/mod.ts";
import { SyscallError } from "../../linux/mod.ts";

/** Runs one step; a failing system call becomes an error that names it. */
export function step<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new EnrootError(`Cannot ${name}: ${error.reason} (${error.call})`, { cause: error });
  }
}
