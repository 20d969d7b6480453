import type { ByteString } from "../../bytes/mod.ts";
import { isKeptXattr } from "../../fstree/mod.ts";
import {
  type FileStatus,
  getXattr,
  isSyscallError,
  listXattrs,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  S,
  statusOf,
} from "../../linux/mod.ts";
import { withPermissions } from "../shared/permissions.ts";

/** A regular file that is open for reading. */
export interface ScannedFile extends Disposable {
  readonly fd: number;
  readonly status: FileStatus;
  readonly xattrs: Map<ByteString, Uint8Array> | null;
}

/**
 * Opens what should be a regular file, whatever its permissions, never through a link.
 *
 * @returns null when it is something else by now
 * @throws {SyscallError}
 */
export function openScanned(directory: number, name: ByteString): ScannedFile | null {
  const { file, xattrs } = openWithXattrs(directory, name);
  const status = statusOf(file.fd);
  if ((status.mode & S.IFMT) === S.IFREG) {
    return { fd: file.fd, status, xattrs, [Symbol.dispose]: () => file[Symbol.dispose]() };
  }
  file[Symbol.dispose]();
  return null;
}

/** Attributes take permission to read as the contents do, only each time anew. */
function openWithXattrs(
  directory: number,
  name: ByteString,
): { file: OwnedFd; xattrs: ScannedFile["xattrs"] } {
  // A named pipe would keep an open(2) that may block waiting.
  const flags = O.RDONLY | O.NOFOLLOW | O.NONBLOCK | O.NOCTTY;
  const open = () => {
    const file = ownedFd(openat(directory, name, { flags }));
    return { file, xattrs: keptXattrs(file.fd) };
  };
  try {
    return open();
  } catch (error) {
    if (!isSyscallError(error, "EACCES")) throw error;
    return withPermissions({ directory, name, permissions: 0o400 }, open);
  }
}

/** The extended attributes of an open file that images keep; null for none. */
export function keptXattrs(fd: number): Map<ByteString, Uint8Array> | null {
  let kept: Map<ByteString, Uint8Array> | null = null;
  for (const name of listXattrs(fd)) {
    const value = isKeptXattr(name) ? readableXattr(fd, name) : null;
    if (value !== null) (kept ??= new Map()).set(name, value);
  }
  return kept;
}

function readableXattr(fd: number, name: ByteString): Uint8Array | null {
  try {
    return getXattr(fd, name);
  } catch (error) {
    if (isSyscallError(error, "EACCES", "EPERM")) return null;
    throw error;
  }
}
