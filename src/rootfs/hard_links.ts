import type { ByteString } from "../bytes/mod.ts";
import type { DirectoryEntry, SquashfsDirectory } from "../formats/squashfs/reader/mod.ts";
import { close, isSyscallError, linkat } from "../linux/mod.ts";
import { openBelow } from "./open_below.ts";
import { cannotExtract, OpenDirectory } from "./open_directory.ts";

/** Bits of the largest table of inode numbers met: 8 MiB. */
const MAX_NUMBERS = 1 << 26;
const PATH_MAX = 4096;

/** A directory, and the files of it that have a name before. */
interface FurtherNames {
  /** From the root. */
  path: ByteString;
  inode: SquashfsDirectory;
  entries: DirectoryEntry[];
}

/** How links are made. */
export interface LinkOptions {
  /** The directory that is filled. */
  root: number;
  /** Gives a directory its times back. */
  finish: (fd: number, inode: SquashfsDirectory) => void;
  /** Makes a file that cannot be a link. @returns whether it can have links */
  make: (directory: OpenDirectory, entry: DirectoryEntry) => Generator<number, boolean>;
}

/** The files of an image that have several names: all but the first are made at the end. */
export class HardLinks {
  /** One bit per inode number met; two that share one cost a little time, nothing else. */
  readonly #met: Uint8Array;
  readonly #further: FurtherNames[] = [];
  /** The latest path of a file that can have links, by reference. */
  readonly #made = new Map<number, ByteString>();

  constructor({ inodeCount }: { inodeCount: number }) {
    this.#met = new Uint8Array(Math.ceil(Math.min(inodeCount + 1, MAX_NUMBERS) / 8));
  }

  /** Whether a name is perhaps not the first of its file. To be asked once for each name. */
  isFurtherName({ inodeNumber }: DirectoryEntry): boolean {
    const number = inodeNumber % MAX_NUMBERS;
    const byte = (number >>> 3) % this.#met.length;
    const bit = 1 << (number & 7);
    const bits = this.#met[byte] ?? 0;
    this.#met[byte] = bits | bit;
    return (bits & bit) !== 0;
  }

  /** Keeps a further name, in the directory at a path, for later. */
  add(entry: DirectoryEntry, { path, inode }: Pick<FurtherNames, "path" | "inode">): void {
    const last = this.#further[this.#further.length - 1];
    if (last?.path === path) last.entries.push(entry);
    else this.#further.push({ path, inode, entries: [entry] });
  }

  /** Notes that a file with several names has been made, and where. */
  noteMade({ reference }: DirectoryEntry, path: ByteString): void {
    this.#made.set(reference, path);
  }

  /** Makes all further names. Yields after each. @throws {EnrootError} */
  *make({ root, finish, make }: LinkOptions): Generator<number> {
    for (const { path, inode, entries } of this.#further) {
      using directory = new OpenDirectory(path, {
        fd: openDirectory(root, path),
        finish: (fd) => finish(fd, inode),
      });
      for (const entry of entries) {
        if (this.#link(root, directory, entry)) yield 0;
        else if (yield* make(directory, entry)) this.noteMade(entry, directory.pathOf(entry.name));
      }
      directory.release();
    }
  }

  /** @returns false when there is nothing to make a link of */
  #link(root: number, directory: OpenDirectory, { name, reference }: DirectoryEntry): boolean {
    const made = this.#made.get(reference);
    if (made === undefined) return false;
    const destination = { toDirectory: directory.fd, toPath: name };
    try {
      if (made.length < PATH_MAX) {
        linkat(root, made, destination);
      } else {
        const slash = made.lastIndexOf("/");
        const fd = openBelow(root, made.slice(0, slash));
        try {
          linkat(fd, made.slice(slash + 1), destination);
        } finally {
          close(fd);
        }
      }
      return true;
    } catch (error) {
      // As many links as the file system can count, or none at all.
      if (isSyscallError(error, "EMLINK", "EPERM", "EOPNOTSUPP")) return false;
      throw cannotExtract(directory.pathOf(name), error);
    }
  }
}

function openDirectory(root: number, path: ByteString): number {
  try {
    return openBelow(root, path);
  } catch (error) {
    throw cannotExtract(path, error);
  }
}
