import { DATA_STORED } from "../format/layout.ts";
import { corrupt, SquashfsError } from "../format/squashfs_error.ts";

/** Most blocks of one file: 8 TiB of 128 KiB blocks. Their sizes take 4 bytes of memory each. */
const MAX_BLOCKS = 1 << 26;

/** Every this many blocks their position is noted, so that a seek need not start at the first. */
const CHECKPOINT_INTERVAL = 256;

/** One block of a file. */
export interface FileBlock {
  /** Position in the image. */
  position: number;
  /** Size field of the inode: stored bytes and DATA_STORED, or 0 for a hole. */
  size: number;
  /** Bytes of the block when decoded. */
  length: number;
}

/** The blocks of one file. */
export class BlockList {
  readonly #start: number;
  readonly #sizes: Uint32Array;
  readonly #blockSize: number;
  /** Bytes in blocks, that is without a tail in a fragment. */
  readonly length: number;
  #checkpoints: Float64Array | null = null;

  constructor(
    sizes: Uint32Array,
    { start, blockSize, length }: { start: number; blockSize: number; length: number },
  ) {
    this.#sizes = sizes;
    this.#start = start;
    this.#blockSize = blockSize;
    this.length = length;
  }

  /** Bytes this takes in memory. */
  get memory(): number {
    return 256 + this.#sizes.byteLength;
  }

  /** The block that holds the file's byte at `offset`, which is below `length`. */
  at(offset: number): FileBlock {
    const index = Math.floor(offset / this.#blockSize);
    this.#checkpoints ??= this.#computeCheckpoints();
    const checkpoint = Math.floor(index / CHECKPOINT_INTERVAL);
    let position = this.#checkpoints[checkpoint] ?? this.#start;
    for (let before = checkpoint * CHECKPOINT_INTERVAL; before < index; before++) {
      position += storedLength(this.#sizes[before] ?? 0);
    }
    return this.#block(index, position);
  }

  /** All blocks in order. */
  *[Symbol.iterator](): Generator<FileBlock> {
    let position = this.#start;
    for (let index = 0; index < this.#sizes.length; index++) {
      const block = this.#block(index, position);
      yield block;
      position += storedLength(block.size);
    }
  }

  #block(index: number, position: number): FileBlock {
    const length = Math.min(this.#blockSize, this.length - index * this.#blockSize);
    return { position, size: this.#sizes[index] ?? 0, length };
  }

  #computeCheckpoints(): Float64Array {
    const checkpoints = new Float64Array(Math.ceil(this.#sizes.length / CHECKPOINT_INTERVAL));
    let position = this.#start;
    for (let index = 0; index < this.#sizes.length; index++) {
      if (index % CHECKPOINT_INTERVAL === 0) checkpoints[index / CHECKPOINT_INTERVAL] = position;
      position += storedLength(this.#sizes[index] ?? 0);
    }
    return checkpoints;
  }
}

/** How many blocks a file has beside a tail in a fragment. @throws {SquashfsError} too many */
export function blockCount(
  size: number,
  { blockSize, hasTail }: { blockSize: number; hasTail: boolean },
): number {
  const count = hasTail ? Math.floor(size / blockSize) : Math.ceil(size / blockSize);
  if (count > MAX_BLOCKS) throw new SquashfsError("unsupported", `file of ${size} bytes`);
  return count;
}

/** Bytes of a data block in the image, from its size field. */
export function storedLength(size: number): number {
  return size & (DATA_STORED - 1);
}

/** Checks the size field of a data or fragment block. @throws {SquashfsError} */
export function checkBlockSize(size: number, blockSize: number): void {
  const stored = storedLength(size);
  if (stored > blockSize || size > (DATA_STORED | blockSize) || (stored === 0 && size !== 0)) {
    throw corrupt(`data block of impossible size ${size}`);
  }
}
