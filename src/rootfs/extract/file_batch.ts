import type { DirectoryEntry } from "../../formats/squashfs/reader/mod.ts";
import type { FilesTask } from "./extract_task.ts";
import type { OpenDirectory } from "./open_directory.ts";

/** More files are not made in one go. */
const MAX_FILES = 256;
/** Each of them is an open descriptor until its files are made. */
const MAX_DIRECTORIES = 24;

/** Files that are made in one go, in the order of the image, by the worker that has time. */
export class FileBatch {
  readonly #entries: DirectoryEntry[] = [];
  readonly #groups: { directory: OpenDirectory; count: number }[] = [];

  get size(): number {
    return this.#entries.length;
  }

  get isFull(): boolean {
    return this.#entries.length >= MAX_FILES || this.#groups.length >= MAX_DIRECTORIES;
  }

  /** Adds a file; its directory is held until release(). */
  add(directory: OpenDirectory, entry: DirectoryEntry): void {
    const last = this.#groups[this.#groups.length - 1];
    if (last?.directory === directory) {
      last.count++;
    } else {
      directory.hold();
      this.#groups.push({ directory, count: 1 });
    }
    this.#entries.push(entry);
  }

  /** The file of that index. */
  at(index: number): { directory: OpenDirectory; entry: DirectoryEntry } {
    const entry = this.#entries[index];
    let end = 0;
    for (const { directory, count } of this.#groups) {
      end += count;
      if (index < end && entry !== undefined) return { directory, entry };
    }
    throw new RangeError(`no file ${index} among ${this.#entries.length}`);
  }

  /** A batch of the files from an index on. */
  from(index: number): FileBatch {
    const rest = new FileBatch();
    for (let at = index; at < this.#entries.length; at++) {
      const { directory, entry } = this.at(at);
      rest.add(directory, entry);
    }
    return rest;
  }

  release(): void {
    for (const { directory } of this.#groups) directory.release();
  }

  toTask(): FilesTask {
    return {
      kind: "files",
      directories: this.#groups.map(({ directory }) => directory.fd),
      counts: this.#groups.map(({ count }) => count),
      names: this.#entries.map(({ name }) => name).join("/"),
      references: Float64Array.from(this.#entries, ({ reference }) => reference),
    };
  }
}
