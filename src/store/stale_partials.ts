import type { ByteString } from "../bytes/mod.ts";
import { O, statusOf } from "../linux/mod.ts";
import { ABANDONED_AFTER, temporaryName } from "./abandoned.ts";
import type { DirectoryHandle } from "./directory_handle.ts";
import { lockFile } from "./lock.ts";
import { PARTIAL_SUFFIX } from "./partial_file.ts";

/** Removes partial files that no process has written to for days. */
export function removeStalePartials(directory: DirectoryHandle): void {
  const limit = timeIn(directory) - ABANDONED_AFTER;
  for (const name of directory.names()) {
    if (name.endsWith(PARTIAL_SUFFIX)) removeUnlessLocked(directory, name, limit);
  }
}

/** The time by the clock of the file system, which machines that share it do not agree on. */
function timeIn(directory: DirectoryHandle): number {
  const name = temporaryName(".enroot-clock.");
  using file = directory.create(name);
  directory.remove(name);
  return statusOf(file.fd).mtime;
}

/**
 * Removes a partial file that no process is working on.
 *
 * @param unusedSince spares it if it was written to after this time, in seconds since the epoch
 */
export function removeUnlessLocked(
  directory: DirectoryHandle,
  name: ByteString,
  unusedSince = Infinity,
): void {
  try {
    using file = directory.open(name, { flags: O.RDWR });
    const { mtime } = statusOf(file.fd);
    if (mtime >= unusedSince) return;
    const lock = lockFile(file.fd);
    if (lock === "another's") return;
    if (lock === "none" && timeIn(directory) - mtime <= ABANDONED_AFTER) return;
    directory.remove(name);
  } catch {
    // Another user's, or gone meanwhile.
  }
}
