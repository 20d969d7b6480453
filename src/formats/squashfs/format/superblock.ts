import { ByteReader, ByteWriter } from "../../../bytes/mod.ts";
import type { BlockCompression } from "../../compress/decompress_block.ts";
import { MAX_BLOCK_SIZE, MIN_BLOCK_SIZE, referenceBlock } from "./layout.ts";
import { corrupt, SquashfsError } from "./squashfs_error.ts";

export const SUPERBLOCK_SIZE = 96;

const MAGIC = 0x73717368;
const MAGIC_BIG_ENDIAN = 0x68737173;
const NO_TABLE = 0xffffffffffffffffn;

/** Compression by the number that stands for it in the superblock. */
const COMPRESSIONS: readonly (BlockCompression | undefined)[] = [
  undefined,
  "gzip",
  "lzma",
  "lzo",
  "xz",
  "lz4",
  "zstd",
];

/** The superblock; table fields are positions in the image, null when there is no such table. */
export interface Superblock {
  inodeCount: number;
  /** When the image was made, in seconds since the epoch. */
  modificationTime: number;
  blockSize: number;
  fragmentCount: number;
  compression: BlockCompression;
  /** Bits of FLAG. */
  flags: number;
  idCount: number;
  /** Reference to the root directory's inode. */
  rootInode: number;
  /** Length of the image without the padding at its end. */
  bytesUsed: number;
  idTable: number;
  xattrTable: number | null;
  inodeTable: number;
  directoryTable: number;
  fragmentTable: number | null;
  exportTable: number | null;
}

/**
 * Reads a superblock from the first SUPERBLOCK_SIZE bytes of an image and checks it for itself.
 *
 * @throws {SquashfsError}
 */
export function parseSuperblock(bytes: Uint8Array): Superblock {
  const reader = new ByteReader(bytes);
  const magic = reader.u32();
  if (magic === MAGIC_BIG_ENDIAN) {
    throw new SquashfsError("unsupported", "big-endian images are not supported");
  }
  if (magic !== MAGIC) throw new SquashfsError("not-squashfs", "not a squashfs image");
  const inodeCount = reader.u32();
  const modificationTime = reader.u32();
  const blockSize = reader.u32();
  const fragmentCount = reader.u32();
  const compressionNumber = reader.u16();
  const blockLog = reader.u16();
  const flags = reader.u16();
  const idCount = reader.u16();
  const major = reader.u16();
  const minor = reader.u16();
  if (major !== 4 || minor !== 0) {
    throw new SquashfsError("unsupported", `version ${major}.${minor} is not supported`);
  }
  const compression = COMPRESSIONS[compressionNumber];
  if (compression === undefined) {
    throw new SquashfsError("unsupported", `unknown compression ${compressionNumber}`);
  }
  if (blockSize < MIN_BLOCK_SIZE || blockSize > MAX_BLOCK_SIZE || blockSize !== 2 ** blockLog) {
    throw corrupt(`impossible block size ${blockSize}`);
  }
  if (idCount === 0 || inodeCount === 0) throw corrupt("no inodes or no owners");

  const rootInode = exact(reader, "root inode");
  const bytesUsed = exact(reader, "length");
  const tableBefore = (limit: number, name: string) => {
    const position = exact(reader, name);
    if (position < SUPERBLOCK_SIZE || position >= limit) throw corrupt(`${name} out of bounds`);
    return position;
  };
  const optionalTable = (name: string) => {
    if (new ByteReader(bytes.subarray(reader.position)).bigU64() !== NO_TABLE) {
      return tableBefore(bytesUsed, name);
    }
    reader.skip(8);
    return null;
  };
  const idTable = tableBefore(bytesUsed, "id table");
  const xattrTable = optionalTable("xattr table");
  const inodeTable = tableBefore(bytesUsed, "inode table");
  const directoryTable = tableBefore(bytesUsed, "directory table");
  if (inodeTable >= directoryTable) throw corrupt("inode table after directory table");
  if (referenceBlock(rootInode) >= directoryTable - inodeTable) {
    throw corrupt("root inode out of bounds");
  }
  // Writers that found no use for a fragment table have put various things in its place.
  if (fragmentCount === 0) reader.skip(8);
  const fragmentTable = fragmentCount === 0 ? null : tableBefore(bytesUsed, "fragment table");
  const exportTable = optionalTable("export table");
  return {
    inodeCount,
    modificationTime,
    blockSize,
    fragmentCount,
    compression,
    flags,
    idCount,
    rootInode,
    bytesUsed,
    idTable,
    xattrTable,
    inodeTable,
    directoryTable,
    fragmentTable,
    exportTable,
  };
}

/** The bytes of a superblock. */
export function encodeSuperblock(superblock: Superblock): Uint8Array {
  const writer = new ByteWriter(SUPERBLOCK_SIZE);
  const table = (position: number | null) => {
    if (position === null) writer.bigU64(NO_TABLE);
    else writer.u64(position);
  };
  writer.u32(MAGIC);
  writer.u32(superblock.inodeCount);
  writer.u32(superblock.modificationTime);
  writer.u32(superblock.blockSize);
  writer.u32(superblock.fragmentCount);
  writer.u16(COMPRESSIONS.indexOf(superblock.compression));
  writer.u16(Math.log2(superblock.blockSize));
  writer.u16(superblock.flags);
  writer.u16(superblock.idCount);
  writer.u16(4);
  writer.u16(0);
  writer.u64(superblock.rootInode);
  writer.u64(superblock.bytesUsed);
  table(superblock.idTable);
  table(superblock.xattrTable);
  table(superblock.inodeTable);
  table(superblock.directoryTable);
  table(superblock.fragmentTable);
  table(superblock.exportTable);
  return writer.written();
}

function exact(reader: ByteReader, name: string): number {
  const value = reader.bigU64();
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(`${name} out of bounds`);
  return Number(value);
}
