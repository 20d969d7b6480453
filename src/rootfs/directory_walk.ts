import type { ByteString } from "../bytes/mod.ts";
import type { DirectoryEntry, SquashfsDirectory } from "../formats/squashfs/reader/mod.ts";
import { attributesOf } from "./extract_task.ts";
import { FileBatch } from "./file_batch.ts";
import type { FileMaker } from "./file_maker.ts";
import type { HardLinks } from "./hard_links.ts";
import type { ImageFile } from "./image_file.ts";
import { openBelow } from "./open_below.ts";
import { cannotExtract, OpenDirectory } from "./open_directory.ts";

/** What a walk works with. */
export interface DirectoryWalkOptions {
  /** The directory that is filled. */
  root: number;
  maker: FileMaker;
  /** Gets the further names of files, which are in no batch. */
  links: HardLinks;
}

/** A directory that has been made, but not filled. */
interface EmptyDirectory {
  path: ByteString;
  inode: SquashfsDirectory;
}

/**
 * Makes the directories of an image and tells, in batches, which files go into them. A directory
 * gets its attributes and times when its batches have been released.
 */
export class DirectoryWalk implements Disposable {
  readonly #image: ImageFile;
  readonly #root: number;
  readonly #maker: FileMaker;
  readonly #links: HardLinks;
  /** The next one last. */
  readonly #empty: EmptyDirectory[] = [];
  readonly #open = new Set<OpenDirectory>();
  /** Directories met so far, by reference: a second name for one would lead around in circles. */
  readonly #met = new Set<number>();

  constructor(image: ImageFile, { root, maker, links }: DirectoryWalkOptions) {
    this.#image = image;
    this.#root = root;
    this.#maker = maker;
    this.#links = links;
  }

  /** Walks through the whole image. @throws {EnrootError} */
  *run(): Generator<FileBatch> {
    let batch = new FileBatch();
    this.#note("", this.#image.reader.root());
    for (let next = this.#empty.pop(); next !== undefined; next = this.#empty.pop()) {
      const directory = this.#enter(next);
      for (const entry of this.#makeDirectories(directory, next.inode)) {
        if (this.#links.isFurtherName(entry)) {
          this.#links.add(entry, next);
          continue;
        }
        batch.add(directory, entry);
        if (!batch.isFull) continue;
        yield batch;
        batch = new FileBatch();
      }
      directory.release();
    }
    if (batch.size > 0) yield batch;
  }

  [Symbol.dispose](): void {
    for (const directory of this.#open) directory[Symbol.dispose]();
  }

  #note(path: ByteString, inode: SquashfsDirectory): void {
    if (this.#met.has(inode.reference)) {
      throw cannotExtract(path, "the image is corrupt: a directory with two names");
    }
    this.#met.add(inode.reference);
    this.#empty.push({ path, inode });
  }

  #enter({ path, inode }: EmptyDirectory): OpenDirectory {
    try {
      const directory = new OpenDirectory(path, {
        fd: openBelow(this.#root, path),
        finish: (fd) => {
          this.#open.delete(directory);
          this.#maker.finishDirectory(fd, attributesOf(inode, this.#image));
        },
      });
      this.#open.add(directory);
      return directory;
    } catch (error) {
      throw cannotExtract(path, error);
    }
  }

  /** Makes the directories in a directory. @returns what else there is */
  #makeDirectories(directory: OpenDirectory, inode: SquashfsDirectory): DirectoryEntry[] {
    const files: DirectoryEntry[] = [];
    const first = this.#empty.length;
    for (const entry of this.#entriesOf(directory, inode)) {
      if (entry.kind === "directory") this.#make(directory, entry);
      else files.push(entry);
    }
    reverseFrom(this.#empty, first);
    return files;
  }

  #entriesOf({ path }: OpenDirectory, inode: SquashfsDirectory): DirectoryEntry[] {
    try {
      return this.#image.reader.readDirectory(inode);
    } catch (error) {
      throw cannotExtract(path, error);
    }
  }

  #make(directory: OpenDirectory, { name, reference }: DirectoryEntry): void {
    const path = directory.pathOf(name);
    try {
      const inode = this.#image.reader.readInode(reference);
      if (inode.kind !== "directory") throw new Error("the image is corrupt: no directory");
      this.#note(path, inode);
      this.#maker.makeDirectory({ directory: directory.fd, name }, inode);
    } catch (error) {
      throw cannotExtract(path, error);
    }
  }
}

function reverseFrom<Item>(items: Item[], start: number): void {
  items.push(...items.splice(start).reverse());
}
