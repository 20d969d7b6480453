import { ByteWriter } from "../../../bytes/mod.ts";
import { DATA_STORED } from "../format/layout.ts";
import type { BlockQueue } from "./block_queue.ts";
import type { StoredFile } from "./file_data.ts";
import type { AppendingOutput } from "./output.ts";

/** Where a fragment block is in the image, with its size field. */
export interface StoredFragment {
  position: number;
  size: number;
}

/** What fragments are written with. */
export interface FragmentsTarget {
  output: AppendingOutput;
  /** Null to store fragment blocks as they are. */
  queue: BlockQueue | null;
  blockSize: number;
}

/** Packs the ends of files into fragment blocks. */
export class Fragments {
  readonly #target: FragmentsTarget;
  /** By number; filled in once a block has its place. */
  readonly #stored: StoredFragment[] = [];
  #block: Uint8Array;
  /** Bytes of the block that belong to files. */
  #used = 0;
  /** Bytes behind them that belong to the file being written. */
  #filled = 0;

  constructor(target: FragmentsTarget) {
    this.#target = target;
    this.#block = new Uint8Array(target.blockSize);
  }

  get stored(): StoredFragment[] {
    return this.#stored;
  }

  /** Makes room for a file's end, in a new block if need be. */
  reserve(length: number): void {
    if (this.#used + length > this.#block.length) this.flush();
  }

  write(bytes: Uint8Array): void {
    this.#block.set(bytes, this.#used + this.#filled);
    this.#filled += bytes.length;
  }

  writeZeros(length: number): void {
    const at = this.#used + this.#filled;
    this.#block.fill(0, at, at + length);
    this.#filled += length;
  }

  /** The end of the file being written. */
  get pending(): Uint8Array {
    return this.#block.subarray(this.#used, this.#used + this.#filled);
  }

  /** Keeps the end of the file being written. */
  commit(file: StoredFile): void {
    file.fragment = this.#stored.length;
    file.fragmentOffset = this.#used;
    this.#used += this.#filled;
    this.#filled = 0;
  }

  /** Drops the end of the file being written. */
  discard(): void {
    this.#filled = 0;
  }

  /** Ends the current block. */
  flush(): void {
    if (this.#used === 0) return;
    const { output, queue, blockSize } = this.#target;
    const block = this.#block.subarray(0, this.#used);
    const stored: StoredFragment = { position: output.position, size: block.length | DATA_STORED };
    this.#stored.push(stored);
    if (queue === null) output.append(block);
    else {
      queue.push(block, (place) => Object.assign(stored, place));
      this.#block = new Uint8Array(blockSize);
    }
    this.#used = 0;
  }
}

/** The entries of the fragment table. */
export function encodeFragments(fragments: StoredFragment[]): Uint8Array {
  const entries = new ByteWriter();
  for (const { position, size } of fragments) {
    entries.u64(position);
    entries.u32(size);
    entries.u32(0);
  }
  return entries.written();
}
