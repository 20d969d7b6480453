import type { ByteString } from "../bytes/mod.ts";
import { AT, fchmodat, isSyscallError, O, openat, ownedFd, statusOf } from "../linux/mod.ts";

/**
 * Does something with a file whose owner has taken permissions away from himself, as if he had them:
 * they are added for that time only. Where they cannot be, the action has to do without.
 *
 * The action must be synchronous: a signal must not find the file changed.
 *
 * @param place.name a file in the directory, itself no symbolic link
 * @param place.permissions bits of the mode that the action takes
 */
export function withPermissions<Result>(
  place: { directory: number; name: ByteString; permissions: number },
  action: () => Result,
): Result {
  const flags = O.PATH | O.NOFOLLOW;
  using file = ownedFd(openat(place.directory, place.name, { flags }));
  const mode = statusOf(file.fd).mode & 0o7777;
  // fchmod(2) does not take O_PATH descriptors; the name could have become a link by now.
  const path = `/proc/self/fd/${file.fd}`;
  try {
    fchmodat(AT.FDCWD, path, { mode: mode | place.permissions });
  } catch (error) {
    if (!isSyscallError(error, "EPERM", "EROFS")) throw error;
    return action();
  }
  try {
    return action();
  } finally {
    fchmodat(AT.FDCWD, path, { mode });
  }
}
