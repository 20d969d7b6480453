/**
 * Squashfs images that no mksquashfs makes: small, correct in every field, and meant to keep a
 * reader busy without end.
 */
import { deflateSync } from "node:zlib";
import { ByteWriter } from "../../src/bytes/mod.ts";

const SUPERBLOCK_SIZE = 96;
const METADATA_SIZE = 8192;
const STORED = 0x8000;

/** Types of inodes and of names. */
const DIRECTORY = 1;
const FIFO = 6;
const EXTENDED_DIRECTORY = 8;
const EXTENDED_FILE = 9;
const FILE = 2;

interface Entry {
  name: string;
  type: number;
  /** Which of the inodes, in the order they were added. */
  inode: number;
  number: number;
}

/** Puts an image together; inodes come first, listings behind. */
class ImageBuilder {
  readonly #blockSize: number;
  /** Offsets in the inode table before compression. */
  readonly #inodes: number[] = [];
  readonly #table = new ByteWriter();
  /** What is put into the directory table, and how it is made once inodes have their places. */
  readonly #listings: Entry[][][] = [];
  #listingBytes = 0;

  constructor({ blockSize = 4096 } = {}) {
    this.#blockSize = blockSize;
  }

  /** Adds a listing. @returns what directories with this listing are given */
  listing(entries: Entry[]): { at: number; length: number } {
    const runs = this.#runsOf(entries);
    const length = entries.reduce((sum, { name }) => sum + 8 + name.length, 12 * runs.length);
    const at = this.#listingBytes;
    this.#listings.push(runs);
    this.#listingBytes += length;
    return { at, length };
  }

  directory(number: number, { at, length }: { at: number; length: number }): number {
    const table = this.#begin(EXTENDED_DIRECTORY, number);
    table.u32(2);
    table.u32(length === 0 ? 3 : length + 3);
    // Listings are in blocks that are not compressed, so that their places are known by now.
    table.u32(Math.floor(at / METADATA_SIZE) * (METADATA_SIZE + 2));
    table.u32(number);
    table.u16(0);
    table.u16(at % METADATA_SIZE);
    table.u32(0xffffffff);
    return this.#inodes.length - 1;
  }

  fifo(number: number): number {
    this.#begin(FIFO, number).u32(1);
    return this.#inodes.length - 1;
  }

  /** A file of nothing but holes. */
  holes(number: number, size: number): number {
    const table = this.#begin(EXTENDED_FILE, number);
    table.u64(SUPERBLOCK_SIZE);
    table.u64(size);
    table.u64(size);
    table.u32(1);
    table.u32(0xffffffff);
    table.u32(0);
    table.u32(0xffffffff);
    table.bytes(new Uint8Array(Math.ceil(size / this.#blockSize) * 4));
    return this.#inodes.length - 1;
  }

  /** @param root the inode of the root directory */
  build(root: number): Uint8Array {
    const inodes = metadata(this.#table.written(), { compress: true });
    const references = this.#inodes.map((offset) => {
      const block = inodes.starts[Math.floor(offset / METADATA_SIZE)] ?? 0;
      return { block, offset: offset % METADATA_SIZE };
    });
    const listings = new ByteWriter();
    for (const runs of this.#listings) {
      for (const run of runs) writeRun(listings, run, references);
    }
    const directories = metadata(listings.written(), { compress: false });
    const ids = metadata(new Uint8Array(4), { compress: false });
    const directoryTable = SUPERBLOCK_SIZE + inodes.bytes.length;
    const idBlock = directoryTable + directories.bytes.length;
    const idTable = idBlock + ids.bytes.length;
    const bytesUsed = idTable + 8;
    const image = new ByteWriter();
    for (const field of [0x73717368, this.#inodes.length, 0, this.#blockSize, 0]) image.u32(field);
    const log = Math.log2(this.#blockSize);
    for (const field of [1, log, 0x10, 1, 4, 0]) image.u16(field);
    const place = references[root] ?? { block: 0, offset: 0 };
    image.u64(place.block * 2 ** 16 + place.offset);
    for (const field of [bytesUsed, idTable]) image.u64(field);
    none(image);
    for (const field of [SUPERBLOCK_SIZE, directoryTable]) image.u64(field);
    none(image);
    none(image);
    for (const bytes of [inodes.bytes, directories.bytes, ids.bytes]) image.bytes(bytes);
    image.u64(idBlock);
    return image.written().slice();
  }

  /** At most 256 names each, of inodes in one block. */
  #runsOf(entries: Entry[]): Entry[][] {
    const runs: Entry[][] = [];
    let latest = -1;
    for (const entry of entries) {
      const block = Math.floor((this.#inodes[entry.inode] ?? 0) / METADATA_SIZE);
      const run = runs.at(-1);
      if (run === undefined || block !== latest || run.length === NAMES_PER_RUN) runs.push([entry]);
      else run.push(entry);
      latest = block;
    }
    return runs;
  }

  #begin(type: number, number: number): ByteWriter {
    const table = this.#table;
    this.#inodes.push(table.length);
    table.u16(type);
    table.u16(0o755);
    table.u16(0);
    table.u16(0);
    table.u32(0);
    table.u32(number);
    return table;
  }
}

function none(writer: ByteWriter): void {
  writer.u32(0xffffffff);
  writer.u32(0xffffffff);
}

function writeRun(
  writer: ByteWriter,
  run: Entry[],
  references: { block: number; offset: number }[],
): void {
  const [first] = run;
  if (first === undefined) return;
  writer.u32(run.length - 1);
  writer.u32(references[first.inode]?.block ?? 0);
  writer.u32(first.number);
  for (const { name, type, inode, number } of run) {
    writer.u16(references[inode]?.offset ?? 0);
    writer.u16((number - first.number) & 0xffff);
    writer.u16(type);
    writer.u16(name.length - 1);
    writer.byteString(name);
  }
}

function metadata(
  bytes: Uint8Array,
  { compress }: { compress: boolean },
): { bytes: Uint8Array; starts: number[] } {
  const writer = new ByteWriter();
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += METADATA_SIZE) {
    const block = bytes.subarray(at, at + METADATA_SIZE);
    starts.push(writer.length);
    const coded = compress ? deflateSync(block) : block;
    writer.u16(compress ? coded.length : coded.length | STORED);
    writer.bytes(coded);
  }
  return { bytes: writer.written().slice(), starts };
}

const NAME_LENGTH = 6;
const NAMES_PER_RUN = 256;
/** Bytes of a run of names in a listing. */
const RUN_SIZE = 12 + NAMES_PER_RUN * (8 + NAME_LENGTH);

/**
 * Directories that share one listing of names for one file. With an offset, each begins so many runs
 * of 256 names behind the one before it.
 */
export function sharedListing(
  { directories, names, offset = 0 }: { directories: number; names: number; offset?: number },
): Uint8Array {
  const builder = new ImageBuilder();
  const file = builder.fifo(2);
  const { at, length } = builder.listing(
    Array.from({ length: names }, (_, index) => (
      { name: nameOf(index), type: FIFO, inode: file, number: 2 }
    )),
  );
  return rootOf(builder, {
    count: directories,
    make: (index) => {
      const skipped = index * offset * RUN_SIZE;
      return builder.directory(index + 3, { at: at + skipped, length: length - skipped });
    },
    type: DIRECTORY,
  });
}

function nameOf(index: number): string {
  return `${index}`.padStart(NAME_LENGTH, "0");
}

/** Names for one file that is nothing but a hole, with a block size of 4096. */
export function manyHoles({ files, size }: { files: number; size: number }): Uint8Array {
  const builder = new ImageBuilder();
  const hole = builder.holes(2, size);
  return rootOf(builder, { count: files, make: () => hole, type: FILE });
}

/** Directories in each other. */
export function nestedDirectories(
  { depth, name }: { depth: number; name: string },
): Uint8Array {
  const builder = new ImageBuilder();
  let inner = builder.directory(depth + 1, { at: 0, length: 0 });
  for (let number = depth; number > 0; number--) {
    const entry = { name, type: DIRECTORY, inode: inner, number: number + 1 };
    inner = builder.directory(number, builder.listing([entry]));
  }
  return builder.build(inner);
}

/** An image with nothing but a root directory of so many names. */
function rootOf(
  builder: ImageBuilder,
  { count, make, type }: { count: number; make: (index: number) => number; type: number },
): Uint8Array {
  const entries = Array.from({ length: count }, (_, index) => (
    { name: nameOf(index), type, inode: make(index), number: index + 3 }
  ));
  return builder.build(builder.directory(1, builder.listing(entries)));
}
