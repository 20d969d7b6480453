import type { Hash } from "node:crypto";
import { DATA_STORED } from "../format/layout.ts";
import type { BlockQueue } from "./block_queue.ts";
import type { StoredFile } from "./file_data.ts";
import type { AppendingOutput } from "./output.ts";
import { isZero } from "./zeros.ts";

/** Takes the bytes of one file that go into blocks of its own, and cuts them into blocks. */
export interface FileBlocks {
  write(bytes: Uint8Array): void;
  writeHole(length: number): void;
  /** Takes back everything, in favour of an equal file. */
  discard(): void;
}

/** The file whose blocks are written. */
export interface FileBlocksTarget {
  file: StoredFile;
  output: AppendingOutput;
  /** Gets the bytes of the blocks that are not holes. */
  hash: Hash | null;
}

/** Blocks that are stored as they are: passed on in as large pieces as they come, never copied. */
export class StoredBlocks implements FileBlocks {
  readonly #target: FileBlocksTarget;
  readonly #start: number;
  #index = 0;
  /** Bytes of the current block so far. */
  #filled = 0;
  /** Whether they are all zero; then they are not written yet. */
  #zero = true;

  constructor(target: FileBlocksTarget) {
    this.#target = target;
    this.#start = target.output.position;
  }

  write(bytes: Uint8Array): void {
    let runStart = 0;
    let at = 0;
    while (at < bytes.length) {
      const count = Math.min(bytes.length - at, this.#blockLength() - this.#filled);
      if (this.#zero && isZero(bytes.subarray(at, at + count))) {
        this.#emit(bytes.subarray(runStart, at));
        runStart = at + count;
      } else if (this.#zero) {
        if (this.#filled > 0) this.#emit(new Uint8Array(this.#filled));
        this.#zero = false;
      }
      this.#advance(count);
      at += count;
    }
    this.#emit(bytes.subarray(runStart));
  }

  writeHole(length: number): void {
    for (let left = length; left > 0;) {
      const whole = this.#filled === 0 ? wholeBlocks(this.#target.file, this.#index, left) : null;
      if (whole !== null) {
        this.#target.file.setHoles(this.#index, whole.count);
        this.#index += whole.count;
        left -= whole.bytes;
        continue;
      }
      const count = Math.min(left, this.#blockLength() - this.#filled);
      if (!this.#zero) this.#emit(new Uint8Array(count));
      this.#advance(count);
      left -= count;
    }
  }

  discard(): void {
    this.#target.output.position = this.#start;
  }

  #blockLength(): number {
    return this.#target.file.blockLength(this.#index);
  }

  #advance(count: number): void {
    this.#filled += count;
    if (this.#filled < this.#blockLength()) return;
    const { file } = this.#target;
    if (this.#zero) file.setHoles(this.#index, 1);
    else {
      file.setStored(this.#index, {
        position: this.#start + file.storedLength,
        size: this.#filled | DATA_STORED,
      });
    }
    this.#index++;
    this.#filled = 0;
    this.#zero = true;
  }

  #emit(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#target.output.append(bytes);
    this.#target.hash?.update(bytes);
  }
}

/** Blocks that are compressed: each is put together, then queued. */
export class CompressedBlocks implements FileBlocks {
  readonly #target: FileBlocksTarget;
  readonly #queue: BlockQueue;
  readonly #firstPushed: number;
  #index = 0;
  #filled = 0;
  /** The current block, null while it is all zeros. */
  #block: Uint8Array | null = null;

  constructor(target: FileBlocksTarget, queue: BlockQueue) {
    this.#target = target;
    this.#queue = queue;
    this.#firstPushed = queue.pushed;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const length = this.#blockLength();
      const count = Math.min(bytes.length - at, length - this.#filled);
      this.#block ??= new Uint8Array(length);
      this.#block.set(bytes.subarray(at, at + count), this.#filled);
      this.#advance(count);
      at += count;
    }
  }

  writeHole(length: number): void {
    for (let left = length; left > 0;) {
      const whole = this.#filled === 0 ? wholeBlocks(this.#target.file, this.#index, left) : null;
      if (whole !== null) {
        this.#target.file.setHoles(this.#index, whole.count);
        this.#index += whole.count;
        left -= whole.bytes;
        continue;
      }
      const count = Math.min(left, this.#blockLength() - this.#filled);
      this.#advance(count);
      left -= count;
    }
  }

  discard(): void {
    const { file, output } = this.#target;
    this.#queue.cancelFrom(this.#firstPushed);
    if (file.storedLength > 0) output.position = file.start;
  }

  #blockLength(): number {
    return this.#target.file.blockLength(this.#index);
  }

  #advance(count: number): void {
    this.#filled += count;
    if (this.#filled < this.#blockLength()) return;
    const { file, hash } = this.#target;
    const index = this.#index;
    if (this.#block === null || isZero(this.#block)) file.setHoles(index, 1);
    else {
      hash?.update(this.#block);
      file.setPending(index);
      this.#queue.push(this.#block, (block) => file.setStored(index, block));
    }
    this.#index++;
    this.#filled = 0;
    this.#block = null;
  }
}

/** How many whole blocks of a file, from one on, a hole covers; null for none. */
function wholeBlocks(
  file: StoredFile,
  index: number,
  length: number,
): { count: number; bytes: number } | null {
  const size = file.blockLength(index);
  if (length < size) return null;
  const count = Math.min(Math.ceil(length / size), file.blockCount - index);
  const bytes = Math.min(count * size, file.blockBytes - index * file.blockLength(0));
  return bytes <= length ? { count, bytes } : { count: count - 1, bytes: (count - 1) * size };
}
