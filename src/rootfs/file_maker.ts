import type { ByteString } from "../bytes/mod.ts";
import type {
  SquashfsDirectory,
  SquashfsFile,
  SquashfsInode,
  SquashfsSpecial,
  SquashfsSymlink,
} from "../formats/squashfs/mod.ts";
import {
  close,
  fchmod,
  fchmodat,
  futimens,
  isSyscallError,
  mkdirat,
  mknodat,
  O,
  openat,
  reasonOf,
  S,
  setXattr,
  symlinkat,
  utimensat,
} from "../linux/mod.ts";
import { writeContent } from "./file_content.ts";
import type { ImageFile } from "./image_file.ts";

/** Where a file is to be made: its name in an open directory. */
export interface Place {
  directory: number;
  name: ByteString;
}

/** What of an image could not be made. */
export interface Losses {
  deviceNodes: number;
  /** Pipes and sockets that the file system refused. */
  specialFiles: number;
  /** Extended attributes, and why the first of them. */
  attributes: { count: number; reason: string } | null;
}

/** Makes the files of an image, with their contents and attributes, in as few system calls as it takes. */
export class FileMaker {
  readonly losses: Losses = { deviceNodes: 0, specialFiles: 0, attributes: null };
  readonly #image: ImageFile;
  /** Permission bits that a file does not have at once when it is created with them. */
  readonly #unsettable: number;
  readonly #isWanted: (attribute: ByteString) => boolean;

  /** @param options.inheritsPermissions whether the directory has a default access list (acl(5)) */
  constructor(image: ImageFile, { inheritsPermissions }: { inheritsPermissions: boolean }) {
    this.#image = image;
    this.#unsettable = inheritsPermissions ? 0o7777 : Deno.umask() | 0o7000;
    const privileged = Deno.uid() === 0;
    this.#isWanted = (attribute) =>
      attribute.startsWith("user.") || (privileged && attribute === "security.capability");
  }

  /** Makes a regular file. Yields as writeContent() does. */
  *makeFile({ directory, name }: Place, inode: SquashfsFile): Generator<number> {
    const mode = inode.mode | 0o400;
    // Attributes take write permission, not just a descriptor that is open for writing.
    const firstMode = inode.xattrIndex === null ? mode : 0o600;
    const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
    const fd = openat(directory, name, { flags, mode: firstMode & 0o777 });
    try {
      yield* writeContent(this.#image, fd, inode);
      this.#setAttributes(fd, inode);
      if (mode !== firstMode || mode & this.#unsettable) fchmod(fd, mode);
      futimens(fd, inode.mtime);
    } finally {
      close(fd);
    }
  }

  /** Makes a directory that can be filled; see {@link finishDirectory}. */
  makeDirectory({ directory, name }: Place, inode: SquashfsDirectory): void {
    mkdirat(directory, name, { mode: inode.mode & 0o777 | 0o700 });
  }

  /** Gives a directory that has been filled its attributes and times. */
  finishDirectory(fd: number, inode: SquashfsDirectory): void {
    const mode = inode.mode | 0o700;
    this.#setAttributes(fd, inode);
    if (mode & this.#unsettable) fchmod(fd, mode);
    futimens(fd, inode.mtime);
  }

  makeSymlink({ directory, name }: Place, inode: SquashfsSymlink): void {
    symlinkat(directory, name, { target: inode.target });
    utimensat(directory, name, { mtime: inode.mtime });
  }

  /** Makes a pipe or a socket. @returns false where the file system has no such thing */
  makeSpecial({ directory, name }: Place, inode: SquashfsSpecial): boolean {
    const type = inode.kind === "fifo" ? S.IFIFO : S.IFSOCK;
    try {
      mknodat(directory, name, { mode: type | inode.mode & 0o777 });
    } catch (error) {
      if (!isSyscallError(error, "EPERM", "EINVAL", "EOPNOTSUPP")) throw error;
      this.losses.specialFiles++;
      return false;
    }
    if (inode.mode & this.#unsettable) fchmodat(directory, name, { mode: inode.mode });
    utimensat(directory, name, { mtime: inode.mtime });
    return true;
  }

  #setAttributes(fd: number, inode: SquashfsInode): void {
    if (inode.xattrIndex === null) return;
    for (const [name, value] of this.#image.reader.xattrs(inode) ?? []) {
      if (!this.#isWanted(name)) continue;
      try {
        setXattr(fd, name, { value });
      } catch (error) {
        // Not supported here, too large for this file system, or not for this user.
        if (!isSyscallError(error, "EOPNOTSUPP", "ENOSPC", "E2BIG", "ERANGE", "EPERM", "EACCES")) {
          throw error;
        }
        this.losses.attributes ??= { count: 0, reason: reasonOf(error) };
        this.losses.attributes.count++;
      }
    }
  }
}
