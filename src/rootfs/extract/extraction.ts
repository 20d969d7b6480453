import type { DirectoryEntry } from "../../formats/squashfs/reader/mod.ts";
import { MemoryBudget } from "../../fstree/mod.ts";
import { DirectoryWalk } from "./directory_walk.ts";
import {
  attributesOf,
  carryOut,
  type ExtractResult,
  type ExtractTask,
  type FilesTask,
  NO_LIMITS,
} from "./extract_task.ts";
import { FileBatch } from "./file_batch.ts";
import { FileMaker, type FileMakerOptions } from "../shared/file_maker.ts";
import { HardLinks } from "./hard_links.ts";
import type { ImageFile } from "../shared/image_file.ts";
import { LargeFiles } from "./large_files.ts";
import { addLosses, type Losses } from "../shared/losses.ts";
import type { NewRoot } from "../shared/new_root.ts";
import { treeMemory } from "../shared/tree_memory.ts";
import { cannotExtract, type OpenDirectory } from "./open_directory.ts";

/** How long looking for the next task may hold up events, in milliseconds. */
const SEARCH_TIME = 20;

/** One extraction under way: gives out tasks and takes what became of them. */
export class Extraction implements Disposable {
  readonly #image: ImageFile;
  readonly #root: NewRoot;
  readonly #making: FileMakerOptions;
  /** Makes what is not left to tasks. */
  readonly #maker: FileMaker;
  readonly #links: HardLinks;
  readonly #large: LargeFiles;
  readonly #walk: DirectoryWalk;
  readonly #batches: Generator<FileBatch | null>;
  /** Files that were in a batch and are to be in another. */
  readonly #left: FileBatch[] = [];
  readonly #underWay = new Map<FilesTask, FileBatch>();

  constructor(image: ImageFile, { root, making }: { root: NewRoot; making: FileMakerOptions }) {
    const maker = new FileMaker(making);
    const memory = new MemoryBudget(treeMemory());
    const { inodeCount } = image.reader;
    const links = new HardLinks({ inodeCount, memory });
    this.#image = image;
    this.#root = root;
    this.#making = making;
    this.#maker = maker;
    this.#links = links;
    this.#large = new LargeFiles(image, { maker, links });
    this.#walk = new DirectoryWalk(image, { root: root.fd, maker, links, memory });
    this.#batches = this.#walk.run();
  }

  get losses(): Losses {
    return this.#maker.losses;
  }

  /**
   * The next task. When there is none, results of tasks under way may bring more; "later" says that
   * finding one takes so long that events should be let in before it is asked for again.
   *
   * @throws {EnrootError}
   * @throws {SquashfsError} when the image as a whole is not what it should be
   */
  next(): ExtractTask | "later" | null {
    const left = this.#left.pop();
    if (left !== undefined) return this.#taskOf(left);
    const part = this.#large.next();
    if (part !== null) return part;
    const start = performance.now();
    for (;;) {
      const { done, value } = this.#batches.next();
      if (done) return null;
      if (value !== null) return this.#taskOf(value);
      if (performance.now() - start > SEARCH_TIME) return "later";
    }
  }

  /** Takes the result of a task. @throws {EnrootError} what the task failed of */
  finish(task: ExtractTask, result: ExtractResult): void {
    if (task.kind === "part") {
      if (result.kind === "failed") throw this.#large.failureOf(task, result.reason);
      this.#large.finish(task);
      return;
    }
    const batch = this.#underWay.get(task);
    if (batch === undefined) throw new Error("no such task is under way");
    this.#underWay.delete(task);
    if (result.kind === "failed") {
      const { directory, entry } = batch.at(result.index);
      throw cannotExtract(directory.pathOf(entry.name), result.reason);
    }
    for (const index of result.large) this.#large.add(batch.at(index));
    for (const index of result.linked) {
      const { directory, entry } = batch.at(index);
      this.#links.noteMade(entry, { place: directory.place, name: entry.name });
    }
    if (result.count < batch.size) this.#left.push(batch.from(result.count));
    addLosses(this.losses, result.losses);
    batch.release();
  }

  /** Makes the hard links, when there are no more tasks. Yields after each. @throws {EnrootError} */
  makeLinks(): Generator<number> {
    return this.#links.make({
      root: this.#root.fd,
      finish: (fd, inode) => {
        const attributes = { ...attributesOf(inode, this.#image), xattrs: null };
        this.#maker.finishDirectory(fd, attributes);
      },
      make: (directory, entry) => this.#makeFile(directory, entry),
    });
  }

  [Symbol.dispose](): void {
    this.#large[Symbol.dispose]();
    this.#walk[Symbol.dispose]();
  }

  #taskOf(batch: FileBatch): ExtractTask {
    const task = batch.toTask();
    this.#underWay.set(task, batch);
    return task;
  }

  /** Makes one file here and now. @returns whether it can have links */
  *#makeFile(directory: OpenDirectory, entry: DirectoryEntry): Generator<number, boolean> {
    const batch = new FileBatch();
    batch.add(directory, entry);
    const context = { image: this.#image, making: this.#making, limits: NO_LIMITS };
    const result = yield* carryOut(batch.toTask(), context);
    batch.release();
    if (result.kind === "failed") {
      throw cannotExtract(directory.pathOf(entry.name), result.reason);
    }
    addLosses(this.losses, result.losses);
    return result.linked.length > 0;
  }
}
