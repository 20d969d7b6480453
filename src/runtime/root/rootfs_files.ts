import { bytesOf, type ByteString, byteString } from "../../bytes/mod.ts";
import {
  AT,
  fchmod,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  pread,
  pwrite,
  readDirectory,
  readlinkat,
  renameat2,
  S,
  statusOf,
  symlinkat,
  SyscallError,
  unlinkat,
} from "../../linux/mod.ts";
import { type RootDirectory, rootError } from "./root_directory.ts";
import type { FileStatus, ReadableFiles, RootFiles } from "./readable_files.ts";

/** What hooks read is configuration; nothing larger is taken for it. */
const MAX_FILE_SIZE = 16 << 20;

/** The host's files. */
export function hostFiles(): ReadableFiles {
  return readableFiles((path, flags) => ownedFd(openat(AT.FDCWD, path, { flags })), "");
}

/** The files below a root directory that lies at `path` on the host. */
export function rootFiles(root: RootDirectory, path: ByteString): RootFiles {
  return {
    ...readableFiles(root.open, path === "/" ? "" : path),

    replace(file, content, mode) {
      atomically(root, file, "write", (directory, name) => {
        const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
        using made = ownedFd(openat(directory, name, { flags, mode }));
        pwrite(made.fd, bytesOf(content), { offset: 0 });
        fchmod(made.fd, mode);
      });
    },

    symlink(target, file) {
      atomically(root, file, "create symbolic link", (directory, name) => {
        symlinkat(directory, name, { target });
      });
    },

    makeDirectories(directory, mode) {
      try {
        root.makeDirectories(directory, mode)[Symbol.dispose]();
      } catch (error) {
        throw rootError("create directory", directory, error);
      }
    },
  };
}

/** Makes something under a temporary name, then renames it over `path`. */
function atomically(
  root: RootDirectory,
  path: ByteString,
  step: string,
  make: (directory: number, name: ByteString) => void,
): void {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  try {
    using directory = root.open(path.slice(0, slash + 1), O.PATH | O.DIRECTORY);
    const temporary = `.${name}.${crypto.randomUUID()}`;
    try {
      make(directory.fd, temporary);
      renameat2(directory.fd, temporary, { toDirectory: directory.fd, toPath: name });
    } catch (error) {
      try {
        unlinkat(directory.fd, temporary);
      } catch {
        // It was not made, or is lost with the file system; the first error tells.
      }
      throw error;
    }
  } catch (error) {
    throw rootError(step, path, error);
  }
}

function readableFiles(
  open: (path: ByteString, flags: number) => OwnedFd,
  prefix: ByteString,
): ReadableFiles {
  /** Runs an action on an opened file; what fails on the kernel's side is "not there". */
  function opened<T>(path: ByteString, flags: number, action: (fd: number) => T): T | null {
    try {
      using file = open(path, flags);
      return action(file.fd);
    } catch (error) {
      if (error instanceof SyscallError) return null;
      throw error;
    }
  }

  return {
    read(path) {
      // O_NONBLOCK: a named pipe there must not hang the start.
      return opened(path, O.RDONLY | O.NONBLOCK | O.NOCTTY, readWhole);
    },
    status(path) {
      return opened(path, O.PATH, statusOfOpen);
    },
    readLink(path) {
      return opened(path, O.PATH | O.NOFOLLOW, (fd) => readlinkat(fd, ""));
    },
    realPath(path) {
      const whole = opened(path, O.PATH, (fd) => readlinkat(AT.FDCWD, `/proc/self/fd/${fd}`));
      if (whole === null || !whole.startsWith(prefix)) return null;
      return whole.slice(prefix.length) || "/";
    },
    list(path) {
      const names = opened(path, O.RDONLY | O.DIRECTORY, readDirectory)?.map(({ name }) => name);
      return names?.sort() ?? [];
    },
  };
}

function readWhole(fd: number): ByteString | null {
  if ((statusOf(fd).mode & S.IFMT) !== S.IFREG) return null;
  const chunks: ByteString[] = [];
  const chunk = new Uint8Array(1 << 16);
  for (let offset = 0; offset <= MAX_FILE_SIZE;) {
    // procfs tells no size beforehand.
    const length = pread(fd, chunk, { offset });
    if (length === 0) return chunks.join("");
    chunks.push(byteString(chunk, 0, length));
    offset += length;
  }
  return null;
}

function statusOfOpen(fd: number): FileStatus {
  const { mode } = statusOf(fd);
  const type = mode & S.IFMT;
  const kind = type === S.IFREG ? "file" : type === S.IFDIR ? "directory" : "other";
  return { kind, mode: mode & 0o7777 };
}
