import { isSyscallError, SyscallError, tryLock } from "../linux/mod.ts";

/** Whose the lock of an open file is; "none" on a file system without locks (NFS, Lustre). */
export type LockState = "ours" | "another's" | "none";

/** Tries to lock an open file. The lock ends with the descriptor, and so with the process. */
export function lockFile(fd: number): LockState {
  try {
    return tryLock(fd) ? "ours" : "another's";
  } catch (error) {
    // A signal came first.
    if (isSyscallError(error, "EINTR")) return lockFile(fd);
    if (error instanceof SyscallError) return "none";
    throw error;
  }
}
