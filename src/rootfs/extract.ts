import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError, logWarning, messageOf, startProgress } from "../diagnostics/mod.ts";
import type {
  DirectoryEntry,
  SquashfsDirectory,
  SquashfsInode,
  SquashfsReader,
} from "../formats/squashfs/mod.ts";
import {
  AT,
  fchmod,
  getXattr,
  isSyscallError,
  linkat,
  mkdirat,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  reasonOf,
  statusOf,
} from "../linux/mod.ts";
import { Descent } from "./descent.ts";
import { FileMaker, type Losses, type Place } from "./file_maker.ts";
import type { ImageFile } from "./image_file.ts";
import { removeTree } from "./remove.ts";
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
  const root = image.reader.root();
  makeRoot(path, root);
  try {
    using extraction = new Extraction(image, path);
    using progress = startProgress();
    progress.expect(image.reader.superblock.bytesUsed);
    await runInSlices(extraction.run(root), progress);
    warn(extraction.losses);
  } catch (error) {
    removeAfter(error, path);
    throw error;
  }
}

function makeRoot(path: ByteString, { mode }: SquashfsDirectory): void {
  try {
    mkdirat(AT.FDCWD, path, { mode: mode & 0o777 | 0o700 });
  } catch (error) {
    const directory = textFromByteString(path);
    throw new EnrootError(`Cannot create directory ${directory}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function removeAfter(error: unknown, path: ByteString): void {
  try {
    removeTree(path);
  } catch (second) {
    throw new EnrootError(`${messageOf(error)} (and then: ${messageOf(second)})`, { cause: error });
  }
}

function warn({ deviceNodes, specialFiles, attributes }: Losses): void {
  if (deviceNodes > 0) logWarning(`Left out device nodes: ${deviceNodes}`);
  if (specialFiles > 0) {
    logWarning(`Left out pipes and sockets, which the file system refuses: ${specialFiles}`);
  }
  if (attributes !== null) {
    logWarning(`Left out extended attributes (${attributes.reason}): ${attributes.count}`);
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
  readonly #reader: SquashfsReader;
  readonly #root: OwnedFd;
  readonly #descent: Descent;
  readonly #maker: FileMaker;
  readonly #levels: Level[] = [];
  /** Directories met so far, by reference: a second name for one would lead around in circles. */
  readonly #directories = new Set<number>();
  /** The latest path, from the root, of each file that has several, by reference. */
  readonly #linked = new Map<number, ByteString>();

  constructor(image: ImageFile, path: ByteString) {
    const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
    this.#root = ownedFd(openat(AT.FDCWD, path, { flags }));
    this.#descent = new Descent(openat(this.#root.fd, ".", { flags }), "");
    this.#reader = image.reader;
    this.#maker = new FileMaker(image, {
      inheritsPermissions: getXattr(this.#root.fd, "system.posix_acl_default") !== null,
    });
    // Below a set-group-id directory, every directory would become one too.
    const { mode } = statusOf(this.#root.fd);
    if (mode & 0o2000) fchmod(this.#root.fd, mode & 0o777);
  }

  get losses(): Losses {
    return this.#maker.losses;
  }

  [Symbol.dispose](): void {
    this.#descent[Symbol.dispose]();
    this.#root[Symbol.dispose]();
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
    const inode = this.#reader.readInode(reference);
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
    return { inode, entries: this.#reader.readDirectory(inode), next: 0 };
  }

  #leave(inode: SquashfsDirectory): void {
    this.#maker.finishDirectory(this.#descent.fd, inode);
    this.#levels.pop();
    if (this.#levels.length > 0) this.#descent.leave();
  }

  /** Makes another name for a file made already. @returns false when it has to be made once more */
  #link({ reference }: SquashfsInode, { directory, name }: Place): boolean {
    const path = this.#linked.get(reference);
    if (path === undefined) return false;
    try {
      linkat(this.#root.fd, path.slice(1), { toDirectory: directory, toPath: name });
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
        yield* this.#maker.makeFile(place, inode);
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
}
