import type { ByteString } from "../bytes/mod.ts";
import {
  type Destination,
  isSyscallError,
  RENAME,
  renameat2,
  statusAt,
  SyscallError,
} from "../linux/mod.ts";

const EEXIST = 17;

/**
 * renameat2(2), which not every file system can do without replacing what is there: then what is
 * there is looked for first.
 *
 * @throws {SyscallError} EEXIST with RENAME.NOREPLACE when the new name is taken
 */
export function rename(directory: number, path: ByteString, destination: Destination): void {
  try {
    renameat2(directory, path, destination);
  } catch (error) {
    const refused = destination.flags === RENAME.NOREPLACE &&
      isSyscallError(error, "EINVAL", "ENOSYS", "EOPNOTSUPP");
    if (!refused) throw error;
    const { toDirectory, toPath } = destination;
    // rename(2) itself spares a directory that is not empty only.
    if (isTaken(toDirectory, toPath)) throw new SyscallError("renameat2", EEXIST, toPath);
    renameat2(directory, path, { toDirectory, toPath });
  }
}

function isTaken(directory: number, path: ByteString): boolean {
  try {
    statusAt(directory, path);
    return true;
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return false;
    throw error;
  }
}
