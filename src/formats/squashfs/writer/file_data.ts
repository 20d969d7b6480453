import { DATA_STORED } from "../format/layout.ts";

/** Where a file's contents went; the writer's own business but for the size. */
export interface FileData {
  readonly size: number;
}

/** No fragment holds the end of the file. */
export const NO_FRAGMENT = -1;

/**
 * Size field of a block that is not compressed yet. Any value that is neither a hole nor a real
 * size would do.
 */
const PENDING = DATA_STORED;

const NO_BLOCKS = new Uint32Array(0);
const FIRST_BLOCKS = 16;

/** What the writer knows of a file's contents. */
export class StoredFile implements FileData {
  readonly size: number;
  /** Bytes in blocks of its own, that is without an end in a fragment. */
  readonly blockBytes: number;
  readonly #blockSize: number;
  #sizes: Uint32Array = NO_BLOCKS;
  /** Position of the first block in the image; meaningful once there is one. */
  start = 0;
  /** Bytes of all blocks in the image. */
  storedLength = 0;
  /** Bytes in holes. */
  holeBytes = 0;
  /** Number of the fragment block that holds the file's end, or NO_FRAGMENT. */
  fragment = NO_FRAGMENT;
  fragmentOffset = 0;

  constructor(size: number, blocks: { bytes: number; blockSize: number }) {
    this.size = size;
    this.blockBytes = blocks.bytes;
    this.#blockSize = blocks.blockSize;
  }

  /** The size fields of the blocks, 0 for a hole. */
  get sizes(): Uint32Array {
    return this.#sizes;
  }

  /** Bytes of a block: the last one may be short. */
  blockLength(index: number): number {
    return Math.min(this.#blockSize, this.blockBytes - index * this.#blockSize);
  }

  /** Notes that a block is all zeros. */
  setHole(index: number): void {
    this.#set(index, 0);
    this.holeBytes += this.blockLength(index);
  }

  /** Notes that a block will be stored. */
  setPending(index: number): void {
    this.#set(index, PENDING);
  }

  /** Notes where and with which size field a block is stored; blocks come in order. */
  setStored(index: number, block: { position: number; size: number }): void {
    if (this.storedLength === 0) this.start = block.position;
    this.storedLength += block.size & (DATA_STORED - 1);
    this.#set(index, block.size);
  }

  #set(index: number, size: number): void {
    if (index >= this.#sizes.length) {
      // Grown step by step, because a hostile archive may promise any size and deliver none.
      const count = Math.ceil(this.blockBytes / this.#blockSize);
      const capacity = Math.max(FIRST_BLOCKS, index + 1, this.#sizes.length * 2);
      const grown = new Uint32Array(Math.min(count, capacity));
      grown.set(this.#sizes);
      this.#sizes = grown;
    }
    this.#sizes[index] = size;
  }
}
