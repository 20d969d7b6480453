import type { ByteString } from "../../bytes/mod.ts";
import {
  type DirectoryEntry,
  type SquashfsDirectory,
  SquashfsError,
} from "../../formats/squashfs/reader/mod.ts";
import type { MemoryBudget } from "../../fstree/mod.ts";
import { O, openat } from "../../linux/mod.ts";
import { Descent } from "../shared/descent.ts";
import { attributesOf } from "./extract_task.ts";
import { FileBatch } from "./file_batch.ts";
import type { FileMaker } from "../shared/file_maker.ts";
import type { HardLinks } from "./hard_links.ts";
import type { ImageFile } from "../shared/image_file.ts";
import { cannotExtract, OpenDirectory } from "./open_directory.ts";
import { pathOfPlace, placeIn, rootPlace, type TreePlace } from "./tree_place.ts";

/**
 * Bytes that a directory takes in memory from when it is made on, names on top: 320 as measured, and
 * more while tables grow.
 */
const DIRECTORY_BYTES = 400;
/** Names read between two pauses: some milliseconds' work. */
const NAMES_PER_STEP = 1024;

/** What a walk works with. */
export interface DirectoryWalkOptions {
  /** The directory that is filled. */
  root: number;
  maker: FileMaker;
  /** Gets the further names of files, which are in no batch. */
  links: HardLinks;
  /** For what is remembered of directories. */
  memory: MemoryBudget;
}

/** A directory that the walk is in. */
interface Level {
  place: TreePlace;
  /** The directories in it, which have been made; the next one last. */
  empty: DirectoryEntry[];
}

/**
 * Makes the directories of an image and tells, in batches, which files go into them. A directory
 * gets its attributes and times when its batches have been released.
 */
export class DirectoryWalk implements Disposable {
  readonly #image: ImageFile;
  readonly #maker: FileMaker;
  readonly #links: HardLinks;
  readonly #memory: MemoryBudget;
  readonly #descent: Descent;
  readonly #levels: Level[] = [];
  readonly #open = new Set<OpenDirectory>();
  /** Directories met so far, by reference: a second name for one would lead around in circles. */
  readonly #met = new Set<number>();
  /** Listings met so far, by reference: a small image could use a large one any number of times. */
  readonly #listings = new Set<number>();
  #names = 0;
  #batch = new FileBatch();

  constructor(image: ImageFile, { root, maker, links, memory }: DirectoryWalkOptions) {
    this.#image = image;
    this.#maker = maker;
    this.#links = links;
    this.#memory = memory;
    this.#descent = new Descent(openat(root, ".", { flags: O.RDONLY | O.DIRECTORY }), "");
  }

  /**
   * Walks through the whole image. Yields null where it can be interrupted although there is no
   * batch yet.
   *
   * @throws {SquashfsError} when the image as a whole is not what it should be
   * @throws {EnrootError} naming the file that cannot be made
   */
  *run(): Generator<FileBatch | null> {
    const root = this.#image.reader.root();
    this.#note(root);
    yield* this.#fill(rootPlace(), root);
    let level = this.#levels[0];
    while (level !== undefined) {
      const next = level.empty.pop();
      if (next === undefined) {
        this.#levels.pop();
        if (this.#levels.length > 0) this.#descent.leave();
      } else {
        const place = placeIn(level.place, next.name);
        yield* this.#fill(place, this.#enter(place, next));
      }
      level = this.#levels[this.#levels.length - 1];
    }
    if (this.#batch.size > 0) yield this.#batch;
  }

  [Symbol.dispose](): void {
    this.#descent[Symbol.dispose]();
    for (const directory of this.#open) directory[Symbol.dispose]();
  }

  /** Takes note of a directory. @throws {SquashfsError} when another one has its listing */
  #note({ reference, listing }: SquashfsDirectory): void {
    this.#met.add(reference);
    if (listing.length === 0) return;
    if (this.#listings.has(listing.reference)) {
      throw new SquashfsError("corrupt", "two directories with one listing");
    }
    this.#listings.add(listing.reference);
  }

  #enter(place: TreePlace, { name, reference }: DirectoryEntry): SquashfsDirectory {
    try {
      this.#descent.enter(name);
      return this.#directoryAt(reference);
    } catch (error) {
      throw cannotExtract(pathOfPlace(place), error);
    }
  }

  #directoryAt(reference: number): SquashfsDirectory {
    const inode = this.#image.reader.readInode(reference);
    if (inode.kind === "directory") return inode;
    throw new Error("the image is corrupt: no directory");
  }

  /** Makes the directories in the directory where the walk is, and puts its files into batches. */
  *#fill(place: TreePlace, inode: SquashfsDirectory): Generator<FileBatch | null> {
    const directory = this.#openHere(place, inode);
    const empty: DirectoryEntry[] = [];
    for (const entry of this.#entriesOf(place, inode)) {
      if (entry.kind === "directory") {
        this.#make(directory, entry);
        empty.push(entry);
      } else if (this.#links.isFurtherName(entry)) this.#links.add(entry, { place, inode });
      else this.#batch.add(directory, entry);
      if (this.#batch.isFull) {
        const full = this.#batch;
        this.#batch = new FileBatch();
        yield full;
      } else if (++this.#names % NAMES_PER_STEP === 0) yield null;
    }
    directory.release();
    this.#levels.push({ place, empty: empty.reverse() });
    yield null;
  }

  #openHere(place: TreePlace, inode: SquashfsDirectory): OpenDirectory {
    try {
      const directory = new OpenDirectory(place, {
        fd: openat(this.#descent.fd, ".", { flags: O.RDONLY | O.DIRECTORY }),
        finish: (fd) => {
          this.#open.delete(directory);
          this.#maker.finishDirectory(fd, attributesOf(inode, this.#image));
        },
      });
      this.#open.add(directory);
      return directory;
    } catch (error) {
      throw cannotExtract(pathOfPlace(place), error);
    }
  }

  *#entriesOf(place: TreePlace, inode: SquashfsDirectory): Generator<DirectoryEntry> {
    const { reader } = this.#image;
    const entries = reader.entries(inode);
    for (;;) {
      let next: IteratorResult<DirectoryEntry>;
      try {
        next = entries.next();
      } catch (error) {
        throw cannotExtract(pathOfPlace(place), error);
      }
      if (next.done) return;
      if (this.#names > reader.maxNames) throw new SquashfsError("corrupt", "too many names");
      yield next.value;
    }
  }

  #make(directory: OpenDirectory, { name, reference }: DirectoryEntry): void {
    const inode = this.#inodeOf(directory, { name, reference });
    this.#note(inode);
    try {
      this.#memory.take(DIRECTORY_BYTES + name.length);
      this.#maker.makeDirectory({ directory: directory.fd, name }, inode);
    } catch (error) {
      throw cannotExtract(directory.pathOf(name), error);
    }
  }

  #inodeOf(
    directory: OpenDirectory,
    { name, reference }: { name: ByteString; reference: number },
  ): SquashfsDirectory {
    try {
      if (this.#met.has(reference)) {
        throw new Error("the image is corrupt: a directory with two names");
      }
      return this.#directoryAt(reference);
    } catch (error) {
      throw cannotExtract(directory.pathOf(name), error);
    }
  }
}
