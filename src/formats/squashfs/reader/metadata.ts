import { type ByteString, byteString } from "../../../bytes/mod.ts";
import {
  BLOCK_SLACK,
  type BlockCompression,
  decompressBlock,
} from "../../compress/decompress_block.ts";
import {
  METADATA_SIZE,
  METADATA_STORED,
  referenceBlock,
  referenceOffset,
} from "../format/layout.ts";
import { corrupt } from "../format/squashfs_error.ts";
import type { ImageBytes } from "./image_bytes.ts";
import { LruCache } from "./lru_cache.ts";

const HEADER_SIZE = 2;
/** Decompressed metadata that is kept: enough for the inodes and names of some 50,000 files. */
const CACHE_BYTES = 2 << 20;

/** Where a metadata table lies in the image: from `start` up to `end`. */
export interface MetadataTable {
  start: number;
  end: number;
}

/** The contents of all blocks that are zeros, which are many in an image of large holes. */
const ZEROS = new Uint8Array(METADATA_SIZE + 3);
const ZERO_BLOCK = ZEROS.subarray(0, METADATA_SIZE);
/** What such a block counts for in the cache: the largest file has 2^15 of them. */
const ZERO_BLOCK_BYTES = 32;

interface MetadataBlock {
  data: Uint8Array;
  /** Where the next block begins. */
  next: number;
}

/** Reads metadata blocks and keeps the latest decompressed. */
export class MetadataReader {
  readonly #image: ImageBytes;
  readonly #compression: BlockCompression;
  readonly #cache = new LruCache<MetadataBlock>(CACHE_BYTES);
  readonly #stored = new Uint8Array(HEADER_SIZE + METADATA_SIZE);
  readonly #room = new Uint8Array(METADATA_SIZE + BLOCK_SLACK);

  constructor(image: ImageBytes, compression: BlockCompression) {
    this.#image = image;
    this.#compression = compression;
  }

  /** The block at a position of the image, which must end before `end`. @throws {SquashfsError} */
  block(position: number, end: number): MetadataBlock {
    return this.#cache.get(position) ?? this.#read(position, end);
  }

  /** Starts reading at a reference into a table. @throws {SquashfsError} */
  cursor(table: MetadataTable, reference: number): MetadataCursor {
    return new MetadataCursor(this, {
      position: table.start + referenceBlock(reference),
      offset: referenceOffset(reference),
      end: table.end,
    });
  }

  #read(position: number, end: number): MetadataBlock {
    if (position + HEADER_SIZE > end) throw corrupt(`metadata block at ${position} out of bounds`);
    // One read for header and contents, whose length is not known yet.
    const stored = this.#stored.subarray(0, Math.min(this.#stored.length, end - position));
    this.#image.readInto(position, stored);
    const header = (stored[0] ?? 0) | ((stored[1] ?? 0) << 8);
    const size = header & ~METADATA_STORED;
    if (size === 0 || size > stored.length - HEADER_SIZE) {
      throw corrupt(`metadata block at ${position} has impossible size ${size}`);
    }
    const contents = stored.subarray(HEADER_SIZE, HEADER_SIZE + size);
    const decoded = (header & METADATA_STORED) !== 0
      ? contents
      : this.#decompress(contents, position);
    const data = isZeroBlock(decoded) ? ZERO_BLOCK : decoded.slice();
    if (data.length === 0) throw corrupt(`metadata block at ${position} is empty`);
    const block = { data, next: position + HEADER_SIZE + size };
    this.#cache.set(position, block, data === ZERO_BLOCK ? ZERO_BLOCK_BYTES : METADATA_SIZE);
    return block;
  }

  #decompress(contents: Uint8Array, position: number): Uint8Array {
    try {
      return decompressBlock(this.#compression, contents, this.#room);
    } catch (error) {
      throw corrupt(`metadata block at ${position} does not decompress`, { cause: error });
    }
  }
}

/** Reads fields one after the other across the blocks of a metadata table. */
export class MetadataCursor {
  readonly #reader: MetadataReader;
  readonly #end: number;
  #bytes: Uint8Array;
  #view: DataView;
  #at: number;
  /** From where on all of #bytes is known to be zeros. */
  #zerosFrom: number;
  #next: number;

  constructor(reader: MetadataReader, start: { position: number; offset: number; end: number }) {
    this.#reader = reader;
    this.#end = start.end;
    const block = reader.block(start.position, start.end);
    if (start.offset > block.data.length) {
      throw corrupt(`offset ${start.offset} passes the metadata block at ${start.position}`);
    }
    this.#bytes = block.data;
    this.#view = viewOf(block.data);
    this.#at = start.offset;
    this.#zerosFrom = zerosFrom(block.data);
    this.#next = block.next;
  }

  u16(): number {
    const at = this.#advance(2);
    return this.#view.getUint16(at, true);
  }

  i16(): number {
    const at = this.#advance(2);
    return this.#view.getInt16(at, true);
  }

  u32(): number {
    const at = this.#advance(4);
    return this.#view.getUint32(at, true);
  }

  /** @throws {SquashfsError} the field is 2^53 or more */
  u64(): number {
    const at = this.#advance(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high >= 0x200000) throw corrupt("64-bit field out of bounds");
    return high * 0x100000000 + this.#view.getUint32(at, true);
  }

  byteString(length: number): ByteString {
    const at = this.#advance(length);
    return byteString(this.#bytes, at, at + length);
  }

  /** A copy of the next bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.slice(at, at + length);
  }

  skip(length: number): void {
    let left = length;
    while (left > this.#bytes.length - this.#at) {
      left -= this.#bytes.length - this.#at;
      const data = this.#nextBlock();
      this.#enter(data, zerosFrom(data));
    }
    this.#at += left;
  }

  /** Whether what comes next is known to be zeros, so that skipZeros() passes some. */
  get isInZeros(): boolean {
    return this.#at >= this.#zerosFrom;
  }

  /** Passes fields of 32 bits that are 0, without a look at each. @returns how many, at most `count` */
  skipZeros(count: number): number {
    let passed = 0;
    while (passed < count && this.isInZeros) {
      const fields = Math.min(count - passed, (this.#bytes.length - this.#at) >> 2);
      this.#at += fields * 4;
      passed += fields;
      if (passed === count) break;
      const rest = this.#bytes.length - this.#at;
      const data = this.#nextBlock();
      if (data === ZERO_BLOCK) this.#enter(ZEROS.subarray(0, rest + data.length), 0);
      else this.#enter(joined(ZEROS.subarray(0, rest), data), Infinity);
    }
    return passed;
  }

  /**
   * Makes the next bytes contiguous, passes them and returns where they are. May replace #view, so
   * it is called before #view is looked at.
   */
  #advance(length: number): number {
    while (length > this.#bytes.length - this.#at) {
      const rest = this.#bytes.subarray(this.#at);
      const data = this.#nextBlock();
      this.#enter(joined(rest, data), rest.length + zerosFrom(data));
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }

  #nextBlock(): Uint8Array {
    const block = this.#reader.block(this.#next, this.#end);
    this.#next = block.next;
    return block.data;
  }

  #enter(bytes: Uint8Array, zerosFrom: number): void {
    this.#bytes = bytes;
    this.#zerosFrom = zerosFrom;
    this.#view = viewOf(bytes);
    this.#at = 0;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

function zerosFrom(block: Uint8Array): number {
  return block === ZERO_BLOCK ? 0 : Infinity;
}

function isZeroBlock(data: Uint8Array): boolean {
  return data.length === METADATA_SIZE && data[0] === 0 && data.every((byte) => byte === 0);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
