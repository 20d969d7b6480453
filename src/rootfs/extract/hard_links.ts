import type { ByteString } from "../../bytes/mod.ts";
import type { DirectoryEntry, SquashfsDirectory } from "../../formats/squashfs/reader/mod.ts";
import type { MemoryBudget } from "../../fstree/mod.ts";
import { isSyscallError, linkat, O, openat } from "../../linux/mod.ts";
import { cannotExtract, OpenDirectory } from "./open_directory.ts";
import { TreeCursor } from "./tree_cursor.ts";
import { pathOfPlace, type TreePlace } from "./tree_place.ts";

/** Bits of the largest table of inode numbers met: 8 MiB. */
const MAX_NUMBERS = 1 << 26;
const PATH_MAX = 4096;
/**
 * Bytes that a further name takes in memory, a directory that has any, and the first name of a file
 * that has more, as measured; some more while tables grow.
 */
const NAME_BYTES = 160;
const GROUP_BYTES = 350;
const MADE_BYTES = 160;

/** A directory, and the files of it that have a name before. */
interface FurtherNames {
  place: TreePlace;
  inode: SquashfsDirectory;
  entries: DirectoryEntry[];
}

/** A name that a file has been given. */
interface MadeName {
  place: TreePlace;
  name: ByteString;
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

/** What a link is made with. */
interface Linking {
  root: number;
  /** Goes to files whose paths are too long for one call. */
  sources: TreeCursor;
}

/** The files of an image that have several names: all but the first are made at the end. */
export class HardLinks {
  /** One bit per inode number met; two that share one cost a little time, nothing else. */
  readonly #met: Uint8Array;
  readonly #memory: MemoryBudget;
  /** In the order of the walk. */
  readonly #further: FurtherNames[] = [];
  /** The latest name of a file that can have links, by reference. */
  readonly #made = new Map<number, MadeName>();

  /** @param options.memory for what is remembered of files with several names */
  constructor({ inodeCount, memory }: { inodeCount: number; memory: MemoryBudget }) {
    this.#met = new Uint8Array(Math.ceil(Math.min(inodeCount + 1, MAX_NUMBERS) / 8));
    this.#memory = memory;
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

  /** Keeps a further name, in a directory, for later. @throws {EnrootError} too many */
  add(entry: DirectoryEntry, { place, inode }: Pick<FurtherNames, "place" | "inode">): void {
    const last = this.#further[this.#further.length - 1];
    const isSame = last?.place === place;
    const bytes = NAME_BYTES + entry.name.length + (isSame ? 0 : GROUP_BYTES);
    this.#take(bytes, { place, name: entry.name });
    if (isSame) last.entries.push(entry);
    else this.#further.push({ place, inode, entries: [entry] });
  }

  /** Notes that a file with several names has been made, and where. @throws {EnrootError} too many */
  noteMade({ reference }: DirectoryEntry, made: MadeName): void {
    this.#take(MADE_BYTES, made);
    this.#made.set(reference, made);
  }

  /** Makes all further names. Yields after each. @throws {EnrootError} */
  *make({ root, finish, make }: LinkOptions): Generator<number> {
    using targets = new TreeCursor(root);
    using sources = new TreeCursor(root);
    for (const { place, inode, entries } of this.#further) {
      using directory = new OpenDirectory(place, {
        fd: openDirectory(targets, place),
        finish: (fd) => finish(fd, inode),
      });
      for (const entry of entries) {
        if (this.#link({ root, sources }, directory, entry)) yield 0;
        else if (yield* make(directory, entry)) this.noteMade(entry, { place, name: entry.name });
      }
      directory.release();
    }
  }

  #take(bytes: number, { place, name }: MadeName): void {
    try {
      this.#memory.take(bytes);
    } catch (error) {
      throw cannotExtract(pathOfPlace(place, name), error);
    }
  }

  /** @returns false when there is nothing to make a link of */
  #link(
    { root, sources }: Linking,
    directory: OpenDirectory,
    { name, reference }: DirectoryEntry,
  ): boolean {
    const made = this.#made.get(reference);
    if (made === undefined) return false;
    const destination = { toDirectory: directory.fd, toPath: name };
    try {
      if (made.place.pathLength + 1 + made.name.length < PATH_MAX) {
        linkat(root, pathOfPlace(made.place, made.name), destination);
      } else {
        linkat(sources.goTo(made.place), made.name, destination);
      }
      return true;
    } catch (error) {
      // As many links as the file system can count, or none at all.
      if (isSyscallError(error, "EMLINK", "EPERM", "EOPNOTSUPP")) return false;
      throw cannotExtract(directory.pathOf(name), error);
    }
  }
}

function openDirectory(cursor: TreeCursor, place: TreePlace): number {
  try {
    return openat(cursor.goTo(place), ".", { flags: O.RDONLY | O.DIRECTORY });
  } catch (error) {
    throw cannotExtract(pathOfPlace(place), error);
  }
}
