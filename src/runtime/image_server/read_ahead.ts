import type { FilePart, ReadRange, Request } from "../../formats/fuse/mod.ts";
import type { SquashfsFile } from "../../formats/squashfs/reader/mod.ts";
import type { CacheFiller } from "./cache_filler.ts";
import type { ServedImage } from "./served_image.ts";

/** What puts things into the cache. */
export type Filler = Pick<CacheFiller, "fill" | "fillFromImage" | "flush">;

/** A part of a file that somebody has read. */
type Reading = Pick<FilePart, "nodeId"> & ReadRange;

/** Readings and blocks that are remembered, by a hash; powers of two. */
const REMEMBERED = 1024;

/**
 * Puts the rest of a block into the kernel's page cache where a page of it was read at random.
 *
 * The kernel reads ahead where somebody reads on, but asks for single pages at random places. Of a
 * block that had to be decoded the rest costs little; the kernel's own squashfs does the same.
 *
 * Files that follow in the image would be worth reading ahead, too: a walk through small ones takes
 * half the time then. But the walker asks for them at the very time, see startFiller().
 */
export class ReadAhead {
  readonly #image: ServedImage;
  readonly #filler: () => Filler | null;
  readonly #ends = new Memory();
  readonly #blocks = new Memory();

  /** @param options.filler called whenever something is to be put into the cache; null if it cannot */
  constructor(image: ServedImage, { filler }: { filler: () => Filler | null }) {
    this.#image = image;
    this.#filler = filler;
  }

  /** Notes what has been asked for, and reads on. */
  note(request: Request): void {
    try {
      this.#note({ nodeId: request.nodeId, ...request.range() });
    } catch {
      // What cannot be read ahead cannot be read either: whoever asks for it gets the error.
    }
  }

  #note({ nodeId, offset, size }: Reading): void {
    const file = this.#image.inode(nodeId);
    if (file.kind !== "file") return;
    const continued = offset === 0 || this.#ends.has(nodeId, offset);
    this.#ends.add(nodeId, offset + size);
    if (!continued) this.#completeBlock(file, { nodeId, offset, size });
  }

  /** Reads the rest of the block, where a page of it was read at random. */
  #completeBlock(file: SquashfsFile, { nodeId, offset, size }: Reading): void {
    const { blockSize } = this.#image.reader.superblock;
    if (size >= blockSize) return;
    const block = Math.floor(offset / blockSize);
    if (this.#blocks.has(nodeId, block)) return;
    this.#blocks.add(nodeId, block);
    const filler = this.#filler();
    if (filler === null) return;
    const piece = this.#image.reader.filePiece(file, offset);
    if (piece === null) return;
    const part = { nodeId, offset: piece.offset, length: piece.length };
    if (piece.kind === "decoded") filler.fill(part, piece.data);
    else filler.fillFromImage(part, piece.position);
    filler.flush();
  }
}

/** Remembers pairs of numbers, the latest of each hash: now and then it errs. */
class Memory {
  readonly #seats = new Int32Array(REMEMBERED);

  has(one: number, other: number): boolean {
    const value = hash(one, other);
    return this.#seats[value & (REMEMBERED - 1)] === value;
  }

  add(one: number, other: number): void {
    const value = hash(one, other);
    this.#seats[value & (REMEMBERED - 1)] = value;
  }
}

function hash(one: number, other: number): number {
  let value = Math.imul(one ^ Math.floor(one / 2 ** 32), 0x9e3779b1);
  value = Math.imul(value ^ (value >>> 15) ^ other, 0x85ebca6b);
  value = Math.imul(value ^ Math.floor(other / 2 ** 32), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
