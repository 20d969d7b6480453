import { BLOCK_SLACK, decompressBlock } from "../../compress/decompress_block.ts";
import {
  DATA_STORED,
  METADATA_SIZE,
  MIN_METADATA_BLOCK,
  referenceBlock,
} from "../format/layout.ts";
import { corrupt } from "../format/squashfs_error.ts";
import type { Superblock } from "../format/superblock.ts";
import { blockCount, BlockList, checkBlockSize, PIECE_BLOCKS, storedLength } from "./block_list.ts";
import { BlockCache } from "./block_cache.ts";
import { type BlockRun, blockRuns, type FileLayout, type FragmentTail } from "./file_layout.ts";
import type { ImageBytes } from "./image_bytes.ts";
import type { SquashfsFile } from "./inode.ts";
import { LookupTable } from "./lookup_table.ts";
import { LruCache } from "./lru_cache.ts";
import type { MetadataReader, MetadataTable } from "./metadata.ts";

/** Decoded data and fragment blocks that are kept. */
const BLOCK_CACHE_BYTES = 8 << 20;
/** Block lists that are kept. */
const BLOCK_LIST_CACHE_BYTES = 4 << 20;

/** Bytes from which on a file may be asked for part by part. */
const LARGE_FILE = 32 << 20;

const FRAGMENT_SIZE = 16;
const BLOCK_SIZE_FIELD = 4;

/** What reading contents needs of an image. */
export interface FileContentsSource {
  image: ImageBytes;
  metadata: MetadataReader;
  superblock: Superblock;
  inodes: MetadataTable;
}

/** Reads what is in the files of an image. */
export class FileContents {
  readonly #source: FileContentsSource;
  readonly #blockSize: number;
  readonly #fragments: LookupTable | null;
  readonly #blocks: BlockCache;
  #stored: Uint8Array | null = null;
  #room: Uint8Array | null = null;
  readonly #blockLists = new LruCache<BlockList>(BLOCK_LIST_CACHE_BYTES);

  constructor(source: FileContentsSource) {
    const { fragmentTable, fragmentCount, blockSize } = source.superblock;
    this.#source = source;
    this.#blockSize = blockSize;
    this.#blocks = new BlockCache({
      count: BLOCK_CACHE_BYTES / blockSize,
      roomSize: blockSize + BLOCK_SLACK,
    });
    this.#fragments = fragmentTable === null ? null : new LookupTable(source, {
      name: "fragment table",
      start: fragmentTable,
      count: fragmentCount,
      entrySize: FRAGMENT_SIZE,
    });
  }

  layout(file: SquashfsFile): FileLayout {
    // A small file is read once: its block list is not worth keeping. A large one is read in parts.
    const blocks = file.size < LARGE_FILE ? this.#readBlockList(file) : this.#blockList(file);
    return {
      blocks: blocks.length === 0 ? [] : blockRuns(blocks, this.#source.image.base),
      tail: this.#tail(file),
    };
  }

  block(run: BlockRun): Uint8Array {
    if (run.kind === "hole") return new Uint8Array(run.length);
    const position = run.offset - this.#source.image.base;
    if (run.kind === "stored") return this.#source.image.read(position, run.length);
    // A caller that asks for a block reads the file once: it would only displace what is in the cache.
    this.#room ??= new Uint8Array(this.#blockSize + BLOCK_SLACK);
    const data = this.#decodeInto(this.#room, position, run.storedLength);
    return ofLength(data, run.length);
  }

  fragment({ fragment, offset, length }: FragmentTail): Uint8Array {
    const position = fragment.offset - this.#source.image.base;
    const size = fragment.storedLength | (fragment.kind === "stored" ? DATA_STORED : 0);
    const data = this.#decode(position, size);
    if (offset + length > data.length) throw corrupt("file end outside its fragment block");
    return data.subarray(offset, offset + length);
  }

  read(
    file: SquashfsFile,
    { offset, length, into }: { offset: number; length: number; into: Uint8Array },
  ): number {
    const end = Math.min(offset + length, file.size);
    if (offset >= end) return 0;
    const blocks = this.#blockList(file);
    let at = offset;
    while (at < end && at < blocks.length) {
      const block = blocks.at(at);
      const skip = at % this.#blockSize;
      const count = Math.min(end - at, block.length - skip);
      const target = into.subarray(at - offset, at - offset + count);
      if (block.size === 0) target.fill(0);
      else if ((block.size & DATA_STORED) === 0) {
        const data = ofLength(this.#decode(block.position, block.size), block.length);
        target.set(data.subarray(skip, skip + count));
      } else {
        if (storedLength(block.size) !== block.length) throw corrupt("stored block cut short");
        this.#source.image.readInto(block.position + skip, target);
      }
      at += count;
    }
    const tail = at < end ? this.#tail(file) : null;
    if (tail !== null) {
      const skip = at - blocks.length;
      into.set(this.fragment(tail).subarray(skip, end - blocks.length), at - offset);
    }
    return end - offset;
  }

  #tail(file: SquashfsFile): FragmentTail | null {
    const length = file.size % this.#blockSize;
    if (file.data.fragment === null || length === 0) return null;
    const { index, offset } = file.data.fragment;
    if (this.#fragments === null) throw corrupt("file end in a fragment of an image without any");
    const entry = this.#fragments.entry(index);
    const position = entry.u64();
    const size = entry.u32();
    const stored = storedLength(size);
    checkBlockSize(size, this.#blockSize);
    this.#source.image.check(position, stored);
    const kind = (size & DATA_STORED) === 0 ? "compressed" : "stored";
    if (offset + length > (kind === "stored" ? stored : this.#blockSize)) {
      throw corrupt("file end outside its fragment block");
    }
    const fragment = {
      kind,
      offset: this.#source.image.base + position,
      storedLength: stored,
    } as const;
    return { fragment, offset, length };
  }

  #blockList(file: SquashfsFile): BlockList {
    const cached = this.#blockLists.get(file.reference);
    if (cached !== undefined) return cached;
    const list = this.#readBlockList(file);
    this.#blockLists.set(file.reference, list, list.memory);
    return list;
  }

  #readBlockList(file: SquashfsFile): BlockList {
    const hasTail = file.data.fragment !== null;
    const blockSize = this.#blockSize;
    const length = hasTail ? file.size - file.size % blockSize : file.size;
    const { start } = file.data;
    const blocks = new BlockList({ start, blockSize, length });
    const stored = this.#readBlockSizes(file, {
      blocks,
      count: blockCount(file.size, { blockSize, hasTail }),
    });
    if (stored > 0) this.#source.image.check(start, stored);
    return blocks;
  }

  /** @returns bytes of all blocks in the image */
  #readBlockSizes(
    file: SquashfsFile,
    { blocks, count }: { blocks: BlockList; count: number },
  ): number {
    if (count === 0) return 0;
    const { metadata, inodes } = this.#source;
    const room = inodes.end - inodes.start - referenceBlock(file.reference);
    // What cannot be in the table is refused before anything is done for it.
    if (count * BLOCK_SIZE_FIELD > room / MIN_METADATA_BLOCK * METADATA_SIZE) {
      throw corrupt(`file of ${file.size} bytes has no room for its block sizes`);
    }
    const cursor = metadata.cursor(inodes, file.reference);
    cursor.skip(file.data.blockListOffset);
    let stored = 0;
    let number = 0;
    let piece: Uint32Array | null = null;
    for (let index = 0; index < count;) {
      if (cursor.isInZeros) {
        index += cursor.skipZeros(count - index);
        continue;
      }
      const size = cursor.u32();
      if (size !== 0) {
        checkBlockSize(size, this.#blockSize);
        const next = Math.floor(index / PIECE_BLOCKS);
        if (piece === null || next !== number) {
          if (piece !== null) stored += blocks.addPiece(number, piece);
          piece = new Uint32Array(Math.min(PIECE_BLOCKS, count - next * PIECE_BLOCKS));
          number = next;
        }
        piece[index % PIECE_BLOCKS] = size;
      }
      index++;
    }
    return piece === null ? stored : stored + blocks.addPiece(number, piece);
  }

  /** The data of a block, by its position and size field; good until the next is decoded. */
  #decode(position: number, size: number): Uint8Array {
    const cached = this.#blocks.get(position);
    if (cached !== undefined) return cached;
    const room = this.#blocks.room();
    let data: Uint8Array;
    if ((size & DATA_STORED) === 0) {
      data = this.#decodeInto(room, position, size);
    } else {
      data = room.subarray(0, storedLength(size));
      this.#source.image.readInto(position, data);
    }
    this.#blocks.keep(position, data.length);
    return data;
  }

  #decodeInto(room: Uint8Array, position: number, storedLength: number): Uint8Array {
    const { image, superblock } = this.#source;
    this.#stored ??= new Uint8Array(this.#blockSize);
    const stored = this.#stored.subarray(0, storedLength);
    image.readInto(position, stored);
    try {
      return decompressBlock(superblock.compression, stored, room);
    } catch (error) {
      throw corrupt(`data block at ${position} does not decompress`, { cause: error });
    }
  }
}

function ofLength(data: Uint8Array, length: number): Uint8Array {
  if (data.length === length) return data;
  throw corrupt(`data block of ${data.length} instead of ${length} bytes`);
}
