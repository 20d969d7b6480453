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
    const data = (header & METADATA_STORED) !== 0
      ? contents.slice()
      : this.#decompress(contents, position);
    if (data.length === 0) throw corrupt(`metadata block at ${position} is empty`);
    const block = { data, next: position + HEADER_SIZE + size };
    this.#cache.set(position, block, METADATA_SIZE);
    return block;
  }

  #decompress(contents: Uint8Array, position: number): Uint8Array {
    try {
      return decompressBlock(this.#compression, contents, this.#room).slice();
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
      this.#enter(this.#nextBlock());
    }
    this.#at += left;
  }

  /**
   * Makes the next bytes contiguous, passes them and returns where they are. May replace #view, so
   * it is called before #view is looked at.
   */
  #advance(length: number): number {
    while (length > this.#bytes.length - this.#at) {
      const rest = this.#bytes.subarray(this.#at);
      const data = this.#nextBlock();
      const joined = new Uint8Array(rest.length + data.length);
      joined.set(rest);
      joined.set(data, rest.length);
      this.#enter(joined);
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

  #enter(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#at = 0;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
