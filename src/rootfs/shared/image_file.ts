import { byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError, messageOf } from "../../diagnostics/mod.ts";
import {
  openSquashfs,
  SquashfsError,
  type SquashfsReader,
} from "../../formats/squashfs/reader/mod.ts";
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
  SyscallError,
} from "../../linux/mod.ts";

/** A squashfs image in an open file. */
export interface ImageFile extends Disposable {
  readonly fd: number;
  /** Where the image begins in the file, in bytes. */
  readonly offset: number;
  /** What messages call the file. */
  readonly path: string;
  readonly reader: SquashfsReader;
}

/** What another thread needs to know of an image. */
export type SharedImage = Pick<ImageFile, "fd" | "offset" | "path">;

/**
 * Opens a squashfs image.
 *
 * @param options.offset where the image begins in the file, in bytes
 * @throws {EnrootError} there is no such file, or it is no image
 */
export function openImage(path: string, { offset = 0 }: { offset?: number } = {}): ImageFile {
  const file = openRegularFile(path);
  try {
    const image = imageIn(file, { offset, path });
    // Damaged tables show here, before anything is done for the image.
    image.reader.root();
    return image;
  } catch (error) {
    file[Symbol.dispose]();
    if (!(error instanceof SquashfsError)) throw error;
    throw invalidImage(path, error);
  }
}

/** The error for a file that is no image, or a damaged one. */
export function invalidImage(path: string, cause: SquashfsError): EnrootError {
  const detail = cause.reason === "not-squashfs" ? "" : ` (${messageOf(cause)})`;
  return new EnrootError(`Invalid image format: ${path}${detail}`, { cause });
}

/**
 * An image that another thread has open: opened once more if that is possible, because the kernel
 * reads ahead for each opened file by itself.
 */
export function sharedImage({ fd, ...place }: SharedImage): ImageFile {
  try {
    const reopened = openat(AT.FDCWD, `/proc/self/fd/${fd}`, { flags: O.RDONLY });
    return imageIn(ownedFd(reopened), place);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return imageIn({ fd, [Symbol.dispose]() {} }, place);
  }
}

function imageIn(
  file: Pick<OwnedFd, "fd"> & Disposable,
  { offset, path }: Omit<SharedImage, "fd">,
): ImageFile {
  const source = { size: statusOf(file.fd).size, read: readerOf(file.fd) };
  const reader = openSquashfs(source, { offset });
  return { fd: file.fd, offset, path, reader, [Symbol.dispose]: () => file[Symbol.dispose]() };
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
