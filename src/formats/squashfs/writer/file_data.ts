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

/** Size fields are kept in pieces of this many; a piece that is all holes takes nothing. */
const PIECE_BLOCKS = 1024;
/** Most files have a few blocks only. */
const FIRST_BLOCKS = 16;

/** What the writer knows of a file's contents. */
export class StoredFile implements FileData {
  readonly size: number;
  /** Bytes in blocks of its own, that is without an end in a fragment. */
  readonly blockBytes: number;
  /** How many blocks of its own it has. */
  readonly blockCount: number;
  readonly #blockSize: number;
  /** By the number of the piece; what is missing or beyond the end of one is holes. */
  #pieces: Map<number, Uint32Array> | null = null;
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
    this.blockCount = Math.ceil(blocks.bytes / blocks.blockSize);
    this.#blockSize = blocks.blockSize;
  }

  /** The blocks in order: how many holes there are in a row, or size fields, 0 for a hole. */
  *sizes(): Generator<number | Uint32Array> {
    let at = 0;
    for (const [number, piece] of this.#pieces ?? []) {
      const start = number * PIECE_BLOCKS;
      if (at < start) yield start - at;
      yield piece;
      at = start + piece.length;
    }
    if (at < this.blockCount) yield this.blockCount - at;
  }

  /** Bytes of a block: the last one may be short. */
  blockLength(index: number): number {
    return Math.min(this.#blockSize, this.blockBytes - index * this.#blockSize);
  }

  /** Notes that so many blocks, from one on, are all zeros. */
  setHoles(index: number, count: number): void {
    const end = Math.min(this.blockBytes, (index + count) * this.#blockSize);
    this.holeBytes += end - index * this.#blockSize;
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
    this.#pieces ??= new Map();
    const number = Math.floor(index / PIECE_BLOCKS);
    const inPiece = index % PIECE_BLOCKS;
    let piece = this.#pieces.get(number);
    if (piece === undefined || inPiece >= piece.length) {
      // Grown step by step, because a hostile archive may promise any size and deliver none.
      const room = Math.min(PIECE_BLOCKS, this.blockCount - number * PIECE_BLOCKS);
      const capacity = Math.max(FIRST_BLOCKS, inPiece + 1, (piece?.length ?? 0) * 2);
      const grown = new Uint32Array(Math.min(room, capacity));
      if (piece !== undefined) grown.set(piece);
      this.#pieces.set(number, piece = grown);
    }
    piece[inPiece] = size;
  }
}
