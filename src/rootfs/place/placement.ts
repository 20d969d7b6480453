import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError, startProgress } from "../../diagnostics/mod.ts";
import type { Directory, Inode, RegularFile } from "../../fstree/mod.ts";
import { isSyscallError, linkat, O, openat, reasonOf } from "../../linux/mod.ts";
import { Descent } from "../shared/descent.ts";
import { type FileAttributes, FileMaker, type Place } from "../shared/file_maker.ts";
import { type Losses, warnOfLosses } from "../shared/losses.ts";
import { makeRoot, type NewRoot, removeAfter } from "../shared/new_root.ts";
import { NO_DATA, STAGED_MODE, type StagedData, type Staging } from "./staging.ts";
import { runInSlices } from "../shared/time_slices.ts";

/** Where to make a root filesystem, and of what. */
export interface PlacementOptions {
  /** Where nothing is yet. */
  path: ByteString;
  /** Holds the data of the tree's files. */
  staging: Staging;
  /** The modification time of all files, in seconds since the epoch; null for their own. */
  allTime: number | null;
  /** See {@link FileMakerOptions}. */
  keepPrivileges: boolean;
}

/**
 * Makes a directory of a tree whose data is staged: the files are moved to their places.
 *
 * The result is what extractImage() makes of the image that has this tree.
 *
 * @throws {EnrootError} naming the file that failed; nothing is left behind at `path`
 */
export async function placeTree(
  tree: Directory<StagedData>,
  { path, ...options }: PlacementOptions,
): Promise<void> {
  using root = makeRoot(path, tree);
  try {
    using placement = new Placement(root, options);
    using progress = startProgress();
    await runInSlices(placement.run(tree), progress);
    warnOfLosses(placement.losses);
  } catch (error) {
    removeAfter(error, path);
    throw error;
  }
}

/** A directory that is being filled. */
interface Level {
  directory: Directory<StagedData>;
  entries: Iterator<[ByteString, Inode<StagedData>]>;
}

/** A file with several names. */
interface Names {
  /** How many of them are missing. */
  missing: number;
  /** The path of the latest one from the root; empty before there is one. */
  latest: ByteString;
}

/** Anything but a directory. */
type Leaf = Exclude<Inode<StagedData>, Directory<StagedData>>;

/** One placement under way: the walk through the tree and, in step, through the directory. */
class Placement implements Disposable {
  readonly #root: number;
  readonly #staging: Staging;
  readonly #allTime: number | null;
  readonly #descent: Descent;
  readonly #maker: FileMaker;
  readonly #levels: Level[] = [];
  #linked: Map<Leaf, Names> = new Map();

  constructor(root: NewRoot, options: Omit<PlacementOptions, "path">) {
    this.#root = root.fd;
    this.#staging = options.staging;
    this.#allTime = options.allTime;
    this.#descent = new Descent(openat(root.fd, ".", { flags: O.RDONLY | O.DIRECTORY }), "");
    this.#maker = new FileMaker({
      unsettable: root.unsettable,
      keepPrivileges: options.keepPrivileges,
    });
  }

  get losses(): Losses {
    return this.#maker.losses;
  }

  [Symbol.dispose](): void {
    this.#descent[Symbol.dispose]();
  }

  /** Makes everything. Yields after every piece of work. */
  *run(root: Directory<StagedData>): Generator<number> {
    this.#linked = yield* linkedFiles(root);
    this.#levels.push(levelOf(root));
    let level = this.#levels[0];
    while (level !== undefined) {
      const { done, value } = level.entries.next();
      try {
        if (done) this.#leave(level.directory);
        else yield* this.#place(...value);
      } catch (error) {
        const path = textFromByteString(this.#descent.pathOf(done ? undefined : value[0]));
        throw new EnrootError(`Cannot extract ${path}: ${reasonOf(error)}`, { cause: error });
      }
      level = this.#levels[this.#levels.length - 1];
      yield 0;
    }
  }

  *#place(name: ByteString, inode: Inode<StagedData>): Generator<number> {
    const place = { directory: this.#descent.fd, name };
    if (inode.kind === "directory") {
      this.#maker.makeDirectory(place, inode);
      this.#descent.enter(name);
      this.#levels.push(levelOf(inode));
      return;
    }
    const names = this.#linked.get(inode);
    if (names === undefined) yield* this.#make(inode, place);
    else if (inode.kind === "file" && inode.content !== NO_DATA) {
      // The staged file itself is moved to the last name.
      if (--names.missing === 0) yield* this.#make(inode, place);
      else if (!this.#staging.link(inode.content, place)) yield* this.#makeCopy(inode, place);
    } else if (!this.#link(names, place) && (yield* this.#make(inode, place))) {
      names.latest = this.#descent.pathOf(name).slice(1);
    }
  }

  #leave(directory: Directory<StagedData>): void {
    this.#maker.finishDirectory(this.#descent.fd, this.#attributesOf(directory));
    this.#levels.pop();
    if (this.#levels.length > 0) this.#descent.leave();
  }

  /** Makes another name for a file made already. @returns false when it has to be made once more */
  #link({ latest }: Names, { directory, name }: Place): boolean {
    if (latest === "") return false;
    try {
      linkat(this.#root, latest, { toDirectory: directory, toPath: name });
      return true;
    } catch (error) {
      if (isSyscallError(error, "EMLINK", "EPERM", "ENAMETOOLONG")) return false;
      throw error;
    }
  }

  /** @returns false when the file is left out */
  *#make(inode: Leaf, place: Place): Generator<number, boolean> {
    const attributes = this.#attributesOf(inode);
    switch (inode.kind) {
      case "file":
        if (inode.content === NO_DATA) yield* this.#maker.makeFile(place, attributes, () => []);
        else {
          this.#staging.move(inode.content, place);
          this.#maker.finishFile(place, attributes, STAGED_MODE);
        }
        return true;
      case "symlink":
        this.#maker.makeSymlink(place, { ...attributes, target: inode.target });
        return true;
      case "fifo":
      case "socket":
        return this.#maker.makeSpecial(place, { ...attributes, kind: inode.kind });
      case "character":
      case "block":
        this.losses.deviceNodes++;
        return false;
    }
  }

  *#makeCopy(inode: RegularFile<StagedData>, place: Place): Generator<number> {
    const copy = (fd: number) => this.#staging.copy(inode.content, fd);
    yield* this.#maker.makeFile(place, this.#attributesOf(inode), copy);
  }

  #attributesOf({ mode, mtime, xattrs }: Inode<StagedData>): FileAttributes {
    return { mode, mtime: this.#allTime ?? imageTime(mtime), xattrs };
  }
}

function levelOf(directory: Directory<StagedData>): Level {
  return { directory, entries: directory.children.entries() };
}

/** A time as an image would keep it: whole seconds in 32 bits. */
function imageTime(time: number): number {
  return Math.max(0, Math.min(0xffffffff, Math.floor(time)));
}

/** The files with several names. */
function* linkedFiles(root: Directory<StagedData>): Generator<number, Map<Leaf, Names>> {
  const seen = new Set<Leaf>();
  const linked = new Map<Leaf, Names>();
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    yield 0;
    for (const inode of directory.children.values()) {
      if (inode.kind === "directory") pending.push(inode);
      else if (!seen.has(inode)) seen.add(inode);
      else {
        const names = linked.get(inode);
        if (names === undefined) linked.set(inode, { missing: 2, latest: "" });
        else names.missing++;
      }
    }
  }
  return linked;
}
