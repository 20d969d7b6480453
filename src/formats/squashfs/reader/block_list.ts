import { DATA_STORED } from "../format/layout.ts";
import { corrupt, SquashfsError } from "../format/squashfs_error.ts";

/** Most blocks of one file: 8 TiB of 128 KiB blocks. */
const MAX_BLOCKS = 1 << 26;

/** Blocks are kept in pieces of this many; a piece that is all holes takes nothing. */
export const PIECE_BLOCKS = 1024;

/** Blocks of a file: one, or several holes in a row. */
export interface FileBlock {
  /** Position in the image. */
  position: number;
  /** Size field of the inode: stored bytes and DATA_STORED, or 0 for a hole. */
  size: number;
  /** Bytes of the block when decoded, or of all the holes. */
  length: number;
}

/** Blocks in a row, not all of them holes. */
interface Piece {
  /** Where the first of them is in the image. */
  position: number;
  sizes: Uint32Array;
}

/** The blocks of one file. A small image can have files of any number of holes. */
export class BlockList {
  readonly #blockSize: number;
  /** Bytes in blocks, that is without a tail in a fragment. */
  readonly length: number;
  /** By the number of the piece, in order; those that are missing are holes. */
  readonly #pieces = new Map<number, Piece>();
  /** Where the next piece is in the image. */
  #position: number;

  constructor(
    { start, blockSize, length }: { start: number; blockSize: number; length: number },
  ) {
    this.#blockSize = blockSize;
    this.length = length;
    this.#position = start;
  }

  /** Bytes this takes in memory. */
  get memory(): number {
    return 256 + this.#pieces.size * (128 + PIECE_BLOCKS * Uint32Array.BYTES_PER_ELEMENT);
  }

  /** Adds a piece that is not all holes; pieces come in order. @returns its bytes in the image */
  addPiece(index: number, sizes: Uint32Array): number {
    this.#pieces.set(index, { position: this.#position, sizes });
    let stored = 0;
    for (const size of sizes) stored += storedLength(size);
    this.#position += stored;
    return stored;
  }

  /** The block that holds the file's byte at `offset`, which is below `length`. */
  at(offset: number): FileBlock {
    const index = Math.floor(offset / this.#blockSize);
    const length = this.#lengthOf(index);
    const piece = this.#pieces.get(Math.floor(index / PIECE_BLOCKS));
    if (piece === undefined) return { position: this.#position, size: 0, length };
    let { position } = piece;
    const inPiece = index % PIECE_BLOCKS;
    for (let before = 0; before < inPiece; before++) {
      position += storedLength(piece.sizes[before] ?? 0);
    }
    return { position, size: piece.sizes[inPiece] ?? 0, length };
  }

  /** All blocks in order. */
  *[Symbol.iterator](): Generator<FileBlock> {
    let at = 0;
    for (const [number, { position: start, sizes }] of this.#pieces) {
      const first = number * PIECE_BLOCKS;
      const offset = first * this.#blockSize;
      if (at < offset) yield { position: start, size: 0, length: offset - at };
      let position = start;
      for (let index = 0; index < sizes.length; index++) {
        const size = sizes[index] ?? 0;
        yield { position, size, length: this.#lengthOf(first + index) };
        position += storedLength(size);
      }
      at = Math.min(this.length, offset + sizes.length * this.#blockSize);
    }
    if (at < this.length) yield { position: this.#position, size: 0, length: this.length - at };
  }

  #lengthOf(index: number): number {
    return Math.min(this.#blockSize, this.length - index * this.#blockSize);
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
