import { contentDigest, contentHash } from "../../fstree/mod.ts";
import { nextDataRange, pread } from "../../linux/mod.ts";
import type { ScannedFile } from "./scanned_file.ts";
import type { ScanSink } from "./scan_sink.ts";

/** What came of reading a file. */
export interface ReadContents {
  /** False when the file has become shorter; the rest is zeros. */
  whole: boolean;
  /** Of the contents, if it was wanted and they came in one piece. */
  digest?: string;
}

/** Where the data of files goes, and by way of which memory. */
export interface ContentReaderOptions {
  sink: ScanSink;
  buffer: Uint8Array;
  /** Files of fewer bytes get a digest. */
  digestsBelow: number;
}

/** Reads the data of files through a buffer, many small ones at a time. */
export class ContentReader {
  readonly #sink: ScanSink;
  #buffer: Uint8Array;
  readonly #digestsBelow: number;
  /** How much of the buffer the sink still needs. */
  #used = 0;

  constructor({ sink, buffer, digestsBelow }: ContentReaderOptions) {
    this.#sink = sink;
    this.#buffer = buffer;
    this.#digestsBelow = digestsBelow;
  }

  /** Goes on with an empty buffer: another one, or the same when what is in it is needed no more. */
  use(buffer: Uint8Array): void {
    this.#buffer = buffer;
    this.#used = 0;
  }

  /**
   * Reads a file of the size it had when it was opened; holes stay holes.
   *
   * Pauses when the buffer is full, and yields how many bytes are in it; before it goes on it must
   * be given an empty one.
   *
   * @throws {SyscallError}
   */
  *read({ fd, status }: ScannedFile): Generator<number, ReadContents> {
    const { size, blocks } = status;
    this.#sink.beginFile(size);
    const isSparse = blocks * 512 < size;
    let position = 0;
    let whole = true;
    while (position < size && whole) {
      const range = isSparse
        ? nextDataRange(fd, { offset: position })
        : { start: position, end: size };
      if (range === null || range.start >= size) break;
      if (range.start > position) this.#sink.writeHole(range.start - position);
      const end = Math.min(range.end, size);
      position = yield* this.#copy(fd, { start: range.start, end });
      whole = position === end;
    }
    if (position < size) this.#sink.writeHole(size - position);
    const inOnePiece = whole && !isSparse && size > 0 && size <= this.#buffer.length;
    return inOnePiece && size < this.#digestsBelow
      ? { whole, digest: contentDigest(contentHash().update(this.#last(size))) }
      : { whole };
  }

  /** The bytes read last. */
  #last(length: number): Uint8Array {
    return this.#buffer.subarray(this.#used - length, this.#used);
  }

  /** @returns where the data ends: before `end` if the file does */
  *#copy(fd: number, { start, end }: { start: number; end: number }): Generator<number, number> {
    let position = start;
    while (position < end) {
      if (end - position > this.#buffer.length - this.#used && this.#used > 0) {
        yield this.#used;
      }
      const length = Math.min(end - position, this.#buffer.length);
      const into = this.#buffer.subarray(this.#used, this.#used + length);
      const count = pread(fd, into, { offset: position });
      this.#sink.write(count < length ? into.subarray(0, count) : into);
      this.#used += count;
      position += count;
      if (count < length) break;
    }
    return position;
  }
}
