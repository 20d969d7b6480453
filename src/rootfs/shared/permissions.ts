import type { ByteString } from "../../bytes/mod.ts";
import { AT, fchmodat, isSyscallError, O, openat, ownedFd, statusOf } from "../../linux/mod.ts";

/**
 * Does something with a file whose owner has taken permissions away from itself as if it had them:
 * they are added for that time only. Where they cannot be, the action has to do without.
 *
 * The action must be synchronous, so that no signal finds the file changed.
 *
 * @param place.name a file in the directory; a symbolic link is not followed
 * @param place.permissions bits of the mode
 */
export function withPermissions<Result>(
  place: { directory: number; name: ByteString; permissions: number },
  action: () => Result,
): Result {
  using file = ownedFd(openat(place.directory, place.name, { flags: O.PATH | O.NOFOLLOW }));
  return changed({ fd: file.fd, permissions: place.permissions }, action);
}

/** As {@link withPermissions}, for an open directory, which the action may close. */
export function withPermissionsOn<Result>(
  { fd, permissions }: { fd: number; permissions: number },
  action: () => Result,
): Result {
  using file = ownedFd(openat(AT.FDCWD, `/proc/self/fd/${fd}`, { flags: O.PATH }));
  return changed({ fd: file.fd, permissions }, action);
}

function changed<Result>(
  { fd, permissions }: { fd: number; permissions: number },
  action: () => Result,
): Result {
  const mode = statusOf(fd).mode & 0o7777;
  // fchmod(2) does not take O_PATH descriptors; the name could have become a link by now.
  const path = `/proc/self/fd/${fd}`;
  try {
    fchmodat(AT.FDCWD, path, { mode: mode | permissions });
  } catch (error) {
    if (!isSyscallError(error, "EPERM", "EROFS", "EOPNOTSUPP", "ELOOP")) throw error;
    return action();
  }
  try {
    return action();
  } finally {
    fchmodat(AT.FDCWD, path, { mode });
  }
}
