import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  AT,
  type DirectoryEntry,
  fchmodat,
  type FileStatus,
  isSyscallError,
  O,
  openat,
  ownedFd,
  readDirectory,
  reasonOf,
  statusOf,
  unlinkat,
} from "../../linux/mod.ts";
import { Descent } from "./descent.ts";

/**
 * Removes a file or a directory with all that is in it.
 *
 * Directories without permission bits are given those it takes. Symbolic links are not followed,
 * and nothing is removed beyond a mount point. What is missing already, because another process
 * removes the same tree, counts as removed.
 *
 * @throws {EnrootError} naming the file that cannot be removed
 */
export function removeTree(path: ByteString): void {
  // A second walk is needed only when another process removed the directory this one was in.
  while (!walk(path)) continue;
}

/** @returns whether the walk came to its end */
function walk(path: ByteString): boolean {
  const slash = path.lastIndexOf("/");
  using descent = openParent(path, slash < 0 ? "." : path.slice(0, slash) || "/");
  if (descent === null) return true;
  const home = statusOf(descent.fd);
  const pending: DirectoryEntry[][] = [[{ name: path.slice(slash + 1), type: "unknown" }]];
  let entries = pending[0];
  while (entries !== undefined) {
    const entry = entries.pop();
    if (entry !== undefined) {
      if (removeOrEnter(descent, entry, home) === "entered") pending.push(entriesOf(descent));
    } else {
      pending.pop();
      if (pending.length > 0 && !leaveAndRemove(descent)) return false;
    }
    entries = pending[pending.length - 1];
  }
  return true;
}

function openParent(path: ByteString, parent: ByteString): Descent | null {
  try {
    return new Descent(openat(AT.FDCWD, parent, { flags: O.RDONLY | O.DIRECTORY }), parent);
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return null;
    throw cannotRemove(path, error);
  }
}

function removeOrEnter(
  descent: Descent,
  { name, type }: DirectoryEntry,
  home: FileStatus,
): "removed" | "entered" {
  try {
    if (type !== "directory" && unlinked(descent, name)) return "removed";
    enter(descent, name, home);
    return "entered";
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return "removed";
    throw cannotRemove(descent.pathOf(name), error);
  }
}

/** Removes a file. @returns false when it is a directory */
function unlinked(descent: Descent, name: ByteString): boolean {
  try {
    unlinkat(descent.fd, name);
    return true;
  } catch (error) {
    if (isSyscallError(error, "EISDIR")) return false;
    throw error;
  }
}

function enter(descent: Descent, name: ByteString, home: FileStatus): void {
  // O_PATH takes no permission on the directory itself.
  const flags = O.PATH | O.DIRECTORY | O.NOFOLLOW;
  using directory = ownedFd(openat(descent.fd, name, { flags }));
  const status = statusOf(directory.fd);
  if (!sameMount(status, home)) {
    throw new EnrootError(
      `Cannot remove ${textFromByteString(descent.pathOf(name))}: something is mounted on it`,
    );
  }
  if ((status.mode & 0o700) !== 0o700) makeAccessible(directory.fd, status);
  descent.enter(name);
}

function sameMount(status: FileStatus, home: FileStatus): boolean {
  return status.mountId === home.mountId && status.device.major === home.device.major &&
    status.device.minor === home.device.minor;
}

function makeAccessible(directory: number, { mode }: FileStatus): void {
  try {
    // fchmod(2) does not take O_PATH descriptors; the name could have become a link by now.
    fchmodat(AT.FDCWD, `/proc/self/fd/${directory}`, { mode: mode & 0o7777 | 0o700 });
  } catch (error) {
    // Not ours; the permissions of its group, or of root, may do.
    if (!isSyscallError(error, "EPERM")) throw error;
  }
}

function entriesOf(descent: Descent): DirectoryEntry[] {
  try {
    return readDirectory(descent.fd);
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return [];
    throw cannotRemove(descent.pathOf(), error);
  }
}

/** Removes the directory, now empty, where the walk is. @returns false when the way back is gone */
function leaveAndRemove(descent: Descent): boolean {
  let left: ByteString | null = null;
  try {
    const name = descent.leave();
    left = name;
    unlinkat(descent.fd, name, { flags: AT.REMOVEDIR });
    return true;
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return left !== null;
    throw cannotRemove(descent.pathOf(left ?? undefined), error);
  }
}

function cannotRemove(path: ByteString, error: unknown): EnrootError {
  return new EnrootError(`Cannot remove ${textFromByteString(path)}: ${reasonOf(error)}`, {
    cause: error,
  });
}
