import { type ByteString, byteStringFromText } from "../bytes/mod.ts";
import {
  AT,
  fileIdentity,
  type FileStatus,
  isSyscallError,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  readDirectory,
  RENAME,
  statusAt,
  statusOf,
  unlinkat,
} from "../linux/mod.ts";
import { rename } from "./rename.ts";

/**
 * A directory that is held open: what is done in it by name is done in this very directory, wherever
 * its path leads by then. No symbolic link in it is ever followed.
 */
export class DirectoryHandle implements Disposable {
  readonly path: string;
  readonly #directory: OwnedFd;

  /** @throws {SyscallError} */
  constructor(path: string) {
    this.path = path;
    // O_PATH, because a directory that may be written to need not be one that may be read.
    const flags = O.PATH | O.DIRECTORY;
    this.#directory = ownedFd(openat(AT.FDCWD, byteStringFromText(path), { flags }));
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }

  get status(): FileStatus {
    return statusOf(this.#directory.fd);
  }

  /** The status of what has a name; null when nothing has it. @throws {SyscallError} */
  statusOf(name: ByteString): FileStatus | null {
    try {
      return statusAt(this.#directory.fd, name);
    } catch (error) {
      if (isSyscallError(error, "ENOENT")) return null;
      throw error;
    }
  }

  /** Whether a name is that of an open file. @throws {SyscallError} */
  holds(name: ByteString, fd: number): boolean {
    const status = this.statusOf(name);
    return status !== null && fileIdentity(status) === fileIdentity(statusOf(fd));
  }

  /** Opens a file, without waiting for the other end of a pipe. @throws {SyscallError} ELOOP for a link */
  open(name: ByteString, { flags }: { flags: number }): OwnedFd {
    const all = flags | O.NOFOLLOW | O.NONBLOCK | O.NOCTTY;
    return ownedFd(openat(this.#directory.fd, name, { flags: all }));
  }

  /** Makes a file that only its owner may use. @throws {SyscallError} EEXIST when the name is taken */
  create(name: ByteString): OwnedFd {
    const flags = O.RDWR | O.CREAT | O.EXCL | O.NOFOLLOW;
    return ownedFd(openat(this.#directory.fd, name, { flags, mode: 0o600 }));
  }

  /** All names, unsorted. @throws {SyscallError} */
  names(): ByteString[] {
    using listing = ownedFd(
      openat(this.#directory.fd, ".", { flags: O.RDONLY | O.DIRECTORY }),
    );
    return readDirectory(listing.fd).map(({ name }) => name);
  }

  /** Removes a file. @throws {SyscallError} */
  remove(name: ByteString): void {
    unlinkat(this.#directory.fd, name);
  }

  /** Gives a file another name. @throws {SyscallError} EEXIST when that is taken and not replaced */
  rename(name: ByteString, to: ByteString, { replace }: { replace: boolean }): void {
    const { fd } = this.#directory;
    rename(fd, name, { toDirectory: fd, toPath: to, flags: replace ? 0 : RENAME.NOREPLACE });
  }
}
