import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError, messageOf } from "../../diagnostics/mod.ts";
import {
  AT,
  fchmod,
  getXattr,
  mkdirat,
  O,
  openat,
  ownedFd,
  reasonOf,
  statusOf,
} from "../../linux/mod.ts";
import type { FileMakerOptions } from "./file_maker.ts";
import { removeTree } from "./remove.ts";

/** A directory that was made to be filled with files. */
export interface NewRoot extends Disposable {
  readonly fd: number;
  /** See {@link FileMakerOptions}. */
  readonly unsettable: FileMakerOptions["unsettable"];
}

/** Makes a directory, which must not exist yet, and opens it. @throws {EnrootError} */
export function makeRoot(path: ByteString, { mode }: { mode: number }): NewRoot {
  try {
    mkdirat(AT.FDCWD, path, { mode: mode & 0o777 | 0o700 });
    const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
    const root = ownedFd(openat(AT.FDCWD, path, { flags }));
    const made = statusOf(root.fd).mode;
    // Below a set-group-id directory, every directory would become one too.
    if (made & 0o2000) fchmod(root.fd, made & 0o777);
    // A default access list (acl(5)) takes the place of the umask.
    const isRestricted = getXattr(root.fd, "system.posix_acl_default") !== null;
    return {
      fd: root.fd,
      unsettable: isRestricted ? 0o7777 : Deno.umask() | 0o7000,
      [Symbol.dispose]: () => root[Symbol.dispose](),
    };
  } catch (error) {
    const directory = textFromByteString(path);
    throw new EnrootError(`Cannot create directory ${directory}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Removes a directory that could not be filled. @throws {EnrootError} when that fails too */
export function removeAfter(error: unknown, path: ByteString): void {
  try {
    removeTree(path);
  } catch (second) {
    throw new EnrootError(`${messageOf(error)} (and then: ${messageOf(second)})`, { cause: error });
  }
}
