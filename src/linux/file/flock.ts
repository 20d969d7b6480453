import { rawSyscall } from "../call/raw_syscall.ts";
import { isSyscallError } from "../call/syscall_error.ts";

/** Operations of flock(2). */
const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const;

/**
 * Tries to lock an open file (flock(2)); the kernel lets go of the lock when the last descriptor of
 * the opened file is closed.
 *
 * @returns whether the lock was free
 * @throws {SyscallError}
 */
export function tryLock(fd: number, { shared = false }: { shared?: boolean } = {}): boolean {
  try {
    rawSyscall("flock", [fd, (shared ? LOCK.SH : LOCK.EX) | LOCK.NB]);
    return true;
  } catch (error) {
    if (isSyscallError(error, "EAGAIN")) return false;
    throw error;
  }
}
