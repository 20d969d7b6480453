import { byteStringFromText } from "../bytes/mod.ts";
import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { openSquashfs, SquashfsError, type SquashfsReader } from "../formats/squashfs/mod.ts";
import {
  AT,
  isSyscallError,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  pread,
  reasonOf,
  S,
  statusOf,
} from "../linux/mod.ts";

/** A squashfs image in an open file. */
export interface ImageFile extends Disposable {
  readonly fd: number;
  readonly reader: SquashfsReader;
}

/**
 * Opens a squashfs image.
 *
 * @param options.offset where the image begins in the file, in bytes
 * @throws {EnrootError} there is no such file, or it is no image
 */
export function openImage(path: string, options: { offset?: number } = {}): ImageFile {
  const file = openRegularFile(path);
  try {
    const source = { size: statusOf(file.fd).size, read: readerOf(file.fd) };
    const reader = openSquashfs(source, options);
    // Damaged tables show here, before anything is done for the image.
    reader.root();
    return { fd: file.fd, reader, [Symbol.dispose]: () => file[Symbol.dispose]() };
  } catch (error) {
    file[Symbol.dispose]();
    if (!(error instanceof SquashfsError)) throw error;
    const detail = error.reason === "not-squashfs" ? "" : ` (${messageOf(error)})`;
    throw new EnrootError(`Invalid image format: ${path}${detail}`, { cause: error });
  }
}

function openRegularFile(path: string): OwnedFd {
  const missing = `No such file or directory: ${path}`;
  let file: OwnedFd;
  try {
    // A named pipe would keep an open(2) that may block waiting.
    file = ownedFd(openat(AT.FDCWD, byteStringFromText(path), { flags: O.RDONLY | O.NONBLOCK }));
  } catch (error) {
    if (isSyscallError(error, "ENOENT", "ENOTDIR")) {
      throw new EnrootError(missing, { cause: error });
    }
    throw new EnrootError(`Cannot open ${path}: ${reasonOf(error)}`, { cause: error });
  }
  if ((statusOf(file.fd).mode & S.IFMT) === S.IFREG) return file;
  file[Symbol.dispose]();
  throw new EnrootError(missing);
}

function readerOf(fd: number): (offset: number, into: Uint8Array) => void {
  return (offset, into) => {
    if (pread(fd, into, { offset }) < into.length) throw new EnrootError("the image was cut short");
  };
}
