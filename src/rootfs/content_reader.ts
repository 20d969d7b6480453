import type { FileStore } from "../fstree/mod.ts";
import { nextDataRange, pread } from "../linux/mod.ts";
import type { ScannedFile } from "./scanned_file.ts";

/** How much is read at once, in bytes. */
const BUFFER_SIZE = 1 << 20;

/** What became of a file's data. */
export interface ReadContent<Content> {
  content: Content;
  /** Whether there was less of it than its size; the rest is zeros. */
  cut: boolean;
}

/** Reads the data of files into a store, through one buffer. */
export class ContentReader<Content> {
  readonly #store: FileStore<Content>;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  /** How much of the buffer the store still needs. */
  #used = 0;

  constructor(store: FileStore<Content>) {
    this.#store = store;
  }

  /**
   * Reads a file of the size it had when it was opened; holes stay holes.
   *
   * Yields how many bytes were read since the last time, and takes it that the store's drain() has
   * been waited for when it goes on.
   *
   * @throws {SyscallError}
   */
  *read({ fd, status }: ScannedFile): Generator<number, ReadContent<Content>> {
    const { size, blocks } = status;
    this.#store.beginFile(size);
    let position = 0;
    let cut = false;
    const isSparse = blocks * 512 < size;
    const rangeFrom = (offset: number) =>
      isSparse ? nextDataRange(fd, { offset }) : { start: offset, end: size };
    while (position < size && !cut) {
      const range = rangeFrom(position);
      if (range === null || range.start >= size) break;
      if (range.start > position) this.#store.writeHole(range.start - position);
      const end = Math.min(range.end, size);
      position = yield* this.#copy(fd, { start: range.start, end });
      cut = position < end;
    }
    if (position < size) this.#store.writeHole(size - position);
    return { content: this.#store.endFile(), cut };
  }

  /** @returns where the data ends: before `end` if the file does */
  *#copy(fd: number, { start, end }: { start: number; end: number }): Generator<number, number> {
    let position = start;
    while (position < end) {
      if (end - position > BUFFER_SIZE - this.#used && this.#used > 0) {
        yield this.#used;
        this.#used = 0;
      }
      const length = Math.min(end - position, BUFFER_SIZE);
      const into = this.#buffer.subarray(this.#used, this.#used + length);
      const count = pread(fd, into, { offset: position });
      this.#store.write(count < length ? into.subarray(0, count) : into);
      this.#used += count;
      position += count;
      if (count < length) break;
    }
    return position;
  }
}
