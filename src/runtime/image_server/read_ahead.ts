import type { FilePart, ReadRange, Request } from "../../formats/fuse/mod.ts";
import type { SquashfsFile } from "../../formats/squashfs/reader/mod.ts";
import type { CacheFiller } from "./cache_filler.ts";
import type { ServedImage } from "./served_image.ts";

/** What puts things into the cache. */
export type Filler = Pick<CacheFiller, "fill" | "fillFromImage" | "flush">;

/** A part of a file that somebody has read. */
type Reading = Pick<FilePart, "nodeId"> & ReadRange;

/** Programs that read files in the order of the image that are told apart. */
const STREAMS = 8;
/** Files of at most so many bytes are read ahead. */
const LARGEST_FILE = 128 << 10;
/** How many of them at once: at first, and at most; and of how many bytes together. */
const FIRST_WINDOW = 4;
const LONGEST_WINDOW = 32;
const WINDOW_BYTES = 1 << 20;
/**
 * How many are left to the reader: it will ask for them before they are there. To fill the cache
 * with what somebody asks for at the same time is best avoided (see startFiller()).
 */
const LEFT = 2;
/** How far to look for such a file, in inodes. */
const FURTHEST = 64;

/** Readings and blocks that are remembered, by a hash; powers of two. */
const REMEMBERED = 1024;

/** Somebody who may be about to read all files, one after the other. */
interface Stream {
  /** The first file that was read ahead last, by its inode reference; before `next`. */
  from: number;
  /** The file that comes behind those read ahead; null if there is none near. */
  next: number | null;
  /** How many files to read ahead the next time; 0 as long as it may be chance. */
  window: number;
}

/**
 * Puts into the kernel's page cache what will be asked for next, as far as that can be told.
 *
 * The kernel itself reads ahead inside files, but asks for small files one by one, and at random
 * places of a large one for single pages. A walk through small files in the order of the image, as
 * of tar or cp, goes twice as fast with the next ones in the cache. And of a block that had to be
 * decoded, the rest costs little; the kernel's own squashfs fills the cache with it, too.
 */
export class ReadAhead {
  readonly #image: ServedImage;
  readonly #filler: () => Filler | null;
  /** The latest first. */
  readonly #streams: Stream[] = [];
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
    if (offset === 0 && file.size <= LARGEST_FILE) return this.#noteFile(file);
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
    // Others read other blocks, as a rule.
    this.#fill(filler, { nodeId, file, offset, patient: false });
    filler.flush();
  }

  #noteFile({ reference }: SquashfsFile): void {
    const known = this.#streams.findIndex(({ from, next }) =>
      reference >= from && next !== null && reference <= next
    );
    const [stream] = known === -1 ? [] : this.#streams.splice(known, 1);
    if (stream === undefined) {
      const next = this.#nextFile(reference);
      if (next === null) return;
      this.#streams.unshift({ from: reference, next, window: 0 });
      if (this.#streams.length > STREAMS) this.#streams.pop();
      return;
    }
    this.#streams.unshift(stream);
    // Before `next` is what is on its way already.
    if (reference === stream.next) this.#advance(stream, reference);
  }

  #advance(stream: Stream, reference: number): void {
    stream.from = reference;
    const filler = stream.window === 0 ? null : this.#filler();
    stream.next = filler === null
      ? this.#nextFile(reference)
      : this.#fillFiles(filler, reference, stream.window);
    stream.window = Math.min(Math.max(FIRST_WINDOW, stream.window * 2), LONGEST_WINDOW);
  }

  /** Fills the cache with files behind a reference. @returns the file where to go on */
  #fillFiles(filler: Filler, reference: number, window: number): number | null {
    let [count, bytes] = [-LEFT, 0];
    for (const file of this.#filesBehind(reference)) {
      if (++count <= 0) continue;
      if (count > window || bytes > WINDOW_BYTES) {
        filler.flush();
        return file.reference;
      }
      const nodeId = this.#image.nodeId(file);
      for (let offset = 0; offset < file.size;) {
        offset = this.#fill(filler, { nodeId, file, offset, patient: true });
      }
      bytes += file.size;
    }
    filler.flush();
    return null;
  }

  #nextFile(reference: number): number | null {
    for (const file of this.#filesBehind(reference)) return file.reference;
    return null;
  }

  /** The small files that lie behind an inode, none far from the one before. */
  *#filesBehind(reference: number): Generator<SquashfsFile> {
    let others = 0;
    for (const inode of this.#image.reader.inodesBehind(reference)) {
      if (inode.kind === "file" && inode.size > 0 && inode.size <= LARGEST_FILE) {
        others = 0;
        yield inode;
      } else if (++others === FURTHEST) return;
    }
  }

  /** Fills the cache with the piece of a file at an offset. @returns where the next one begins */
  #fill(
    filler: Filler,
    { nodeId, file, offset, patient }: {
      nodeId: number;
      file: SquashfsFile;
      offset: number;
      patient: boolean;
    },
  ): number {
    const piece = this.#image.reader.filePiece(file, offset);
    if (piece === null) return file.size;
    const part = { nodeId, offset: piece.offset, length: piece.length };
    if (piece.kind === "decoded") filler.fill(part, { data: piece.data, patient });
    else filler.fillFromImage(part, { position: piece.position, patient });
    return piece.offset + piece.length;
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
