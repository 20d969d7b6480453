import type { ByteString } from "../bytes/mod.ts";
import type { FileStore } from "../fstree/mod.ts";
import {
  type FileStatus,
  getXattr,
  isSyscallError,
  listXattrs,
  nextDataRange,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  pread,
  statusOf,
} from "../linux/mod.ts";
import { withPermissions } from "./unlocked.ts";

/** A regular file or a directory that is open for reading. */
export interface ScannedFile extends Disposable {
  readonly fd: number;
  readonly status: FileStatus;
  readonly xattrs: Map<ByteString, Uint8Array> | null;
}

/**
 * Opens what should be a regular file, whatever its permissions, never through a link.
 *
 * @throws {SyscallError} when it cannot be opened; ENOENT and ELOOP when it is none any more
 */
export function openScanned(directory: number, name: ByteString): ScannedFile {
  try {
    return open(directory, name);
  } catch (error) {
    if (!isSyscallError(error, "EACCES")) throw error;
  }
  let opened: ScannedFile;
  const place = { directory, name, permissions: 0o400 };
  const mode = withPermissions(place, (original) => {
    opened = open(directory, name);
    return original;
  });
}

function open(directory: number, name: ByteString): ScannedFile {
  // A named pipe would keep an open(2) that may block waiting.
  const flags = O.RDONLY | O.NOFOLLOW | O.NONBLOCK | O.NOCTTY;
  const file: OwnedFd = ownedFd(openat(directory, name, { flags }));
}
