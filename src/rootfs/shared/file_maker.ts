import type { ByteString } from "../../bytes/mod.ts";
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
  ownedFd,
  reasonOf,
  S,
  setXattr,
  symlinkat,
  utimensat,
} from "../../linux/mod.ts";
import { type Losses, noLosses } from "./losses.ts";

/** Where a file is to be made: its name in an open directory. */
export interface Place {
  directory: number;
  name: ByteString;
}

/** What a file has besides its contents. */
export interface FileAttributes {
  /** Permission, set-id and sticky bits. */
  mode: number;
  /** Seconds since the epoch. */
  mtime: number;
  xattrs: ReadonlyMap<ByteString, Uint8Array> | null;
}

/** What depends on where files are made, and by which user. */
export interface FileMakerOptions {
  /** Permission bits that a file may lack when it is created with them. */
  unsettable: number;
  /**
   * Whether files keep what gives privileges to those who run them: set-user-id and set-group-id
   * bits (inode(7)), and file capabilities (capabilities(7)), which only the superuser can keep.
   */
  keepPrivileges: boolean;
}

const SET_ID_BITS = 0o6000;

/** Makes the files of a root filesystem, with their attributes, in as few system calls as it takes. */
export class FileMaker {
  readonly losses: Losses = noLosses();
  readonly #unsettable: number;
  /** Bits that no file but a directory gets: there they give no privileges. */
  readonly #unwanted: number;
  readonly #isWanted: (attribute: ByteString) => boolean;

  constructor({ unsettable, keepPrivileges }: FileMakerOptions) {
    this.#unsettable = unsettable;
    this.#unwanted = keepPrivileges ? 0 : SET_ID_BITS;
    const capabilities = keepPrivileges && Deno.uid() === 0;
    this.#isWanted = (attribute) =>
      attribute.startsWith("user.") || (capabilities && attribute === "security.capability");
  }

  /** Makes a regular file with the contents that `write` gives it. Yields as that does. */
  *makeFile(
    place: Place,
    attributes: FileAttributes,
    write: (fd: number) => Iterable<number>,
  ): Generator<number> {
    const fd = this.openFile(place, attributes);
    try {
      yield* write(fd);
      this.finishOpenFile(fd, attributes);
    } finally {
      close(fd);
    }
  }

  /** Makes a regular file and opens it for writing; see {@link finishOpenFile}. */
  openFile({ directory, name }: Place, attributes: FileAttributes): number {
    const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
    return openat(directory, name, { flags, mode: firstMode(attributes) & 0o777 });
  }

  /** Gives a file that has been written its attributes and times. */
  finishOpenFile(fd: number, attributes: FileAttributes): void {
    const mode = this.#fileMode(attributes);
    this.#setAttributes(fd, attributes);
    if (mode !== firstMode(attributes) || mode & this.#unsettable) fchmod(fd, mode);
    futimens(fd, attributes.mtime);
  }

  /** Gives a file made with permissions `madeMode` its attributes. */
  finishFile({ directory, name }: Place, attributes: FileAttributes, madeMode: number): void {
    const mode = this.#fileMode(attributes);
    if (attributes.xattrs !== null) {
      using file = ownedFd(openat(directory, name, { flags: O.RDONLY | O.NOFOLLOW }));
      this.#setAttributes(file.fd, attributes);
    }
    if (mode !== madeMode || mode & this.#unsettable) fchmodat(directory, name, { mode });
    utimensat(directory, name, { mtime: attributes.mtime });
  }

  /** Makes a directory that can be filled; see {@link finishDirectory}. */
  makeDirectory({ directory, name }: Place, { mode }: { mode: number }): void {
    mkdirat(directory, name, { mode: mode & 0o777 | 0o700 });
  }

  /** Gives a directory that has been filled its attributes and times. */
  finishDirectory(fd: number, attributes: FileAttributes): void {
    const mode = attributes.mode | 0o700;
    this.#setAttributes(fd, attributes);
    if (mode & this.#unsettable) fchmod(fd, mode);
    futimens(fd, attributes.mtime);
  }

  makeSymlink(
    { directory, name }: Place,
    { target, mtime }: { target: ByteString; mtime: number },
  ): void {
    symlinkat(directory, name, { target });
    utimensat(directory, name, { mtime });
  }

  /** Makes a pipe or a socket. @returns false where the file system has no such thing */
  makeSpecial(
    { directory, name }: Place,
    { kind, mode, mtime }: { kind: "fifo" | "socket"; mode: number; mtime: number },
  ): boolean {
    const type = kind === "fifo" ? S.IFIFO : S.IFSOCK;
    try {
      mknodat(directory, name, { mode: type | mode & 0o777 });
    } catch (error) {
      if (!isSyscallError(error, "EPERM", "EINVAL", "EOPNOTSUPP")) throw error;
      this.losses.specialFiles++;
      return false;
    }
    const wanted = mode & ~this.#unwanted;
    if (wanted & this.#unsettable) fchmodat(directory, name, { mode: wanted });
    utimensat(directory, name, { mtime });
    return true;
  }

  #fileMode({ mode }: FileAttributes): number {
    return (mode | 0o400) & ~this.#unwanted;
  }

  #setAttributes(fd: number, { xattrs }: FileAttributes): void {
    if (xattrs === null) return;
    for (const [name, value] of xattrs) {
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

/** Attributes take write permission, not just a descriptor that is open for writing. */
function firstMode({ mode, xattrs }: FileAttributes): number {
  return xattrs === null ? mode | 0o400 : 0o600;
}
