import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import type { FileStore } from "../../fstree/mod.ts";
import {
  close,
  copyFileRange,
  ftruncate,
  isSyscallError,
  linkat,
  mkdirat,
  nextDataRange,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  pwrite,
  reasonOf,
  renameat2,
  statusOf,
} from "../../linux/mod.ts";
import type { Place } from "../shared/file_maker.ts";
import { makeRoot, type NewRoot } from "../shared/new_root.ts";

/** The data of a file: its number in the order of arrival, or {@link NO_DATA}. */
export type StagedData = number;

/** The data of an empty file, which are nowhere. */
export const NO_DATA: StagedData = -1;

/** What staged files are made with. Most files of most images have this mode, and are spared a change. */
export const STAGED_MODE = 0o644;
/** Some file systems are slow with larger directories. */
const FILES_PER_DIRECTORY = 4096;

/** How much is copied at once, in bytes. */
const COPY_SIZE = 16 << 20;

/**
 * A directory for the data of files whose places are not known yet, or not settled. Whoever made it
 * removes it.
 */
export class Staging implements Disposable {
  readonly #path: ByteString;
  readonly #root: NewRoot;
  #directory: OwnedFd | null = null;
  #count = 0;

  /**
   * @param path where nothing is yet, on the file system where the files are to be
   * @throws {EnrootError} when the directory cannot be made
   */
  constructor(path: ByteString) {
    this.#path = path;
    this.#root = makeRoot(path, { mode: 0o700 });
  }

  /** A way to put data here. There may be several at a time. */
  open(): FileStore<StagedData> & Disposable {
    return new StagedFiles({
      make: () => this.#make(),
      storing: (action) => this.#storing(action),
    });
  }

  /** Puts data in its place. @throws {SyscallError} */
  move(data: StagedData, { directory, name }: Place): void {
    renameat2(this.#root.fd, pathOf(data), { toDirectory: directory, toPath: name });
  }

  /** Puts data in one of its places. @returns false when it has to be copied there */
  link(data: StagedData, { directory, name }: Place): boolean {
    try {
      linkat(this.#root.fd, pathOf(data), { toDirectory: directory, toPath: name });
      return true;
    } catch (error) {
      // As many links as the file system can count, or none at all.
      if (isSyscallError(error, "EMLINK", "EPERM", "EOPNOTSUPP")) return false;
      throw error;
    }
  }

  /** Copies data to a new, empty file, holes as holes. Yields the bytes of each piece. */
  *copy(data: StagedData, to: number): Generator<number> {
    using file = ownedFd(openat(this.#root.fd, pathOf(data), { flags: O.RDONLY }));
    const { size } = statusOf(file.fd);
    let range = nextDataRange(file.fd, { offset: 0 });
    while (range !== null) {
      for (let offset = range.start; offset < range.end; offset += COPY_SIZE) {
        const length = Math.min(COPY_SIZE, range.end - offset);
        copyFileRange(file.fd, to, { fromOffset: offset, toOffset: offset, length });
        yield length;
      }
      range = nextDataRange(file.fd, { offset: range.end });
    }
    ftruncate(to, size);
  }

  [Symbol.dispose](): void {
    this.#directory?.[Symbol.dispose]();
    this.#root[Symbol.dispose]();
  }

  #make(): { data: StagedData; fd: number } {
    const root = this.#root.fd;
    const data = this.#count++;
    const name = data % FILES_PER_DIRECTORY;
    if (name === 0) {
      const directory = directoryOf(data);
      mkdirat(root, directory, { mode: 0o700 });
      this.#directory?.[Symbol.dispose]();
      this.#directory = ownedFd(openat(root, directory, { flags: O.RDONLY | O.DIRECTORY }));
    }
    const flags = O.WRONLY | O.CREAT | O.EXCL;
    const fd = openat(this.#directory?.fd ?? root, `${name}`, { flags, mode: STAGED_MODE });
    return { data, fd };
  }

  /** What goes wrong in `action` is not about any file of the image. */
  #storing<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (cause) {
      const path = textFromByteString(this.#path);
      throw new EnrootError(`Cannot write files to ${path}: ${reasonOf(cause)}`, { cause });
    }
  }
}

/** What {@link StagedFiles} needs of its directory. */
interface StagingAccess {
  make(): { data: StagedData; fd: number };
  storing<Result>(action: () => Result): Result;
}

interface OpenFile {
  data: StagedData;
  /** Null for an empty file. */
  fd: number | null;
  size: number;
  /** Where the next bytes go. */
  position: number;
  /** Where the last bytes ended. */
  written: number;
}

/** Puts the data of files into a staging directory, one after the other. */
class StagedFiles implements FileStore<StagedData>, Disposable {
  readonly #staging: StagingAccess;
  #open: OpenFile | null = null;

  constructor(staging: StagingAccess) {
    this.#staging = staging;
  }

  beginFile(size: number): void {
    const made = size === 0
      ? { data: NO_DATA, fd: null }
      : this.#staging.storing(() => this.#staging.make());
    this.#open = { ...made, size, position: 0, written: 0 };
  }

  write(chunk: Uint8Array): void {
    const file = this.#openFile();
    const { fd, position } = file;
    if (fd === null) return;
    this.#staging.storing(() => pwrite(fd, chunk, { offset: position }));
    file.position = file.written = position + chunk.length;
  }

  writeHole(length: number): void {
    this.#openFile().position += length;
  }

  endFile(): StagedData {
    const { data, fd, size, written } = this.#openFile();
    this.#open = null;
    if (fd !== null) {
      this.#staging.storing(() => {
        using file = ownedFd(fd);
        if (written < size) ftruncate(file.fd, size);
      });
    }
    return data;
  }

  drain(): undefined {}

  [Symbol.dispose](): void {
    if (this.#open !== null && this.#open.fd !== null) close(this.#open.fd);
    this.#open = null;
  }

  #openFile(): OpenFile {
    if (this.#open === null) throw new Error("no file was begun");
    return this.#open;
  }
}

function directoryOf(data: StagedData): ByteString {
  return `${Math.floor(data / FILES_PER_DIRECTORY)}`;
}

function pathOf(data: StagedData): ByteString {
  return `${directoryOf(data)}/${data % FILES_PER_DIRECTORY}`;
}
