import { fchmod, isSyscallError } from "../linux/mod.ts";

/** Sets the permissions of an open file of ours, where the file system has any. */
export function setMode(fd: number, mode: number): void {
  try {
    fchmod(fd, mode);
  } catch (error) {
    if (!isSyscallError(error, "EPERM", "EOPNOTSUPP", "EINVAL")) throw error;
  }
}
