import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError, startProgress } from "../diagnostics/mod.ts";
import type { DirectoryEntry, SquashfsDirectory, SquashfsInode } from "../formats/squashfs/mod.ts";
import { isSyscallError, linkat, O, openat, reasonOf } from "../linux/mod.ts";
import { Descent } from "./descent.ts";
import { writeContent } from "./file_content.ts";
import { type FileAttributes, FileMaker, type Place } from "./file_maker.ts";
import type { ImageFile } from "./image_file.ts";
import { type Losses, warnOfLosses } from "./losses.ts";
import { makeRoot, type NewRoot, removeAfter } from "./new_root.ts";
import { runInSlices } from "./time_slices.ts";

/**
 * Extracts an image to a directory, which must not exist yet.
 *
 * Everything belongs to the caller. Modes and modification times are those of the image, except
 * that directories get u+rwx and files u+r, so that their owner can always read and remove them.
 * Hard links, holes and `user.*` attributes are kept, `security.capability` for the superuser only;
 * device nodes are left out. What could not be kept is told in a warning, once.
 *
 * Events are let in while it runs; another process must leave the directory alone.
 *
 * @throws {EnrootError} naming the file that failed; nothing is left behind
 */
export async function extractImage(image: ImageFile, path: ByteString): Promise<void> {
  const directory = image.reader.root();
  using root = makeRoot(path, directory);
  try {
    using extraction = new Extraction(image, root);
    using progress = startProgress();
    progress.expect(image.reader.superblock.bytesUsed);
    await runInSlices(extraction.run(directory), progress);
    warnOfLosses(extraction.losses);
  } catch (error) {
    removeAfter(error, path);
    throw error;
  }
}

/** A directory that is being filled. */
interface Level {
  inode: SquashfsDirectory;
  entries: DirectoryEntry[];
  /** Index of the first entry not yet made. */
  next: number;
}

/** One extraction under way: the walk through the image and, in step, through the directory. */
class Extraction implements Disposable {
  readonly #image: ImageFile;
  readonly #root: number;
  readonly #descent: Descent;
  readonly #maker: FileMaker;
  readonly #levels: Level[] = [];
  /** Directories met so far, by reference: a second name for one would lead around in circles. */
  readonly #directories = new Set<number>();
  /** The latest path, from the root, of each file that has several, by reference. */
  readonly #linked = new Map<number, ByteString>();

  constructor(image: ImageFile, root: NewRoot) {
    this.#image = image;
    this.#root = root.fd;
    this.#descent = new Descent(openat(root.fd, ".", { flags: O.RDONLY | O.DIRECTORY }), "");
    this.#maker = new FileMaker(root);
  }

  get losses(): Losses {
    return this.#maker.losses;
  }

  [Symbol.dispose](): void {
    this.#descent[Symbol.dispose]();
  }

  /** Extracts everything. Yields after every piece of work how much of the image it was about. */
  *run(root: SquashfsDirectory): Generator<number> {
    this.#levels.push(this.#open(root));
    let level = this.#levels[0];
    while (level !== undefined) {
      const entry = level.entries[level.next++];
      try {
        if (entry === undefined) this.#leave(level.inode);
        else yield* this.#extract(entry);
      } catch (error) {
        const path = textFromByteString(this.#descent.pathOf(entry?.name));
        throw new EnrootError(`Cannot extract ${path}: ${reasonOf(error)}`, { cause: error });
      }
      level = this.#levels[this.#levels.length - 1];
      yield 0;
    }
  }

  *#extract({ name, reference }: DirectoryEntry): Generator<number> {
    const inode = this.#image.reader.readInode(reference);
    const place = { directory: this.#descent.fd, name };
    if (inode.kind === "directory") {
      const level = this.#open(inode);
      this.#maker.makeDirectory(place, inode);
      this.#descent.enter(name);
      this.#levels.push(level);
    } else if (inode.nlink === 1 || !this.#link(inode, place)) {
      const made = yield* this.#make(inode, place);
      if (made && inode.nlink > 1) this.#linked.set(reference, this.#descent.pathOf(name));
    }
  }

  #open(inode: SquashfsDirectory): Level {
    if (this.#directories.has(inode.reference)) {
      throw new EnrootError("the image is corrupt: a directory with two names");
    }
    this.#directories.add(inode.reference);
    return { inode, entries: this.#image.reader.readDirectory(inode), next: 0 };
  }

  #leave(inode: SquashfsDirectory): void {
    this.#maker.finishDirectory(this.#descent.fd, this.#attributesOf(inode));
    this.#levels.pop();
    if (this.#levels.length > 0) this.#descent.leave();
  }

  /** Makes another name for a file made already. @returns false when it has to be made once more */
  #link({ reference }: SquashfsInode, { directory, name }: Place): boolean {
    const path = this.#linked.get(reference);
    if (path === undefined) return false;
    try {
      linkat(this.#root, path.slice(1), { toDirectory: directory, toPath: name });
      return true;
    } catch (error) {
      // As many links as the file system can count, none at all, or too deep for a path.
      if (isSyscallError(error, "EMLINK", "EPERM", "ENAMETOOLONG")) return false;
      throw error;
    }
  }

  /** @returns false when the file is left out */
  *#make(
    inode: Exclude<SquashfsInode, SquashfsDirectory>,
    place: Place,
  ): Generator<number, boolean> {
    switch (inode.kind) {
      case "file":
        yield* this.#maker.makeFile(
          place,
          this.#attributesOf(inode),
          (fd) => writeContent(this.#image, fd, inode),
        );
        return true;
      case "symlink":
        this.#maker.makeSymlink(place, inode);
        return true;
      case "fifo":
      case "socket":
        return this.#maker.makeSpecial(place, inode);
      case "character":
      case "block":
        this.losses.deviceNodes++;
        return false;
    }
  }
  #attributesOf(inode: SquashfsInode): FileAttributes {
    const { mode, mtime } = inode;
    return { mode, mtime, xattrs: this.#image.reader.xattrs(inode) };
  }
}
