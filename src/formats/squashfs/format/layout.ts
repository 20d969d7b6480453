/**
 * Numbers of the squashfs 4.0 layout, as in the kernel's fs/squashfs/squashfs_fs.h; all fields are
 * little-endian.
 */

/** Bytes of a metadata block before compression. */
export const METADATA_SIZE = 8192;
/** A metadata block takes at least this much of an image: its header and a byte. */
export const MIN_METADATA_BLOCK = 3;
/** Bit of a metadata block's header: the block is stored as it is. */
export const METADATA_STORED = 0x8000;
/** Bit of a data or fragment block's size: the block is stored as it is. */
export const DATA_STORED = 0x1000000;

export const MIN_BLOCK_SIZE = 4096;
export const MAX_BLOCK_SIZE = 1 << 20;

/** "No fragment", "no extended attributes", in 32-bit fields. */
export const INVALID_INDEX = 0xffffffff;

/** Longest name of a directory entry (SQUASHFS_NAME_LEN); Linux itself stops at 255. */
export const MAX_NAME_LENGTH = 256;
/** Most entries below one directory header. */
export const MAX_ENTRIES_PER_HEADER = 256;
/** A directory's size counts these bytes for "." and "..", which are not stored. */
export const DIRECTORY_SIZE_BIAS = 3;
/** Most different uids and gids: their count is a 16-bit field. */
export const MAX_IDS = 0xffff;
/** Largest extended attribute value (XATTR_SIZE_MAX). */
export const MAX_XATTR_VALUE = 65536;

/** Bits of the superblock's flags. */
export const FLAG = {
  uncompressedInodes: 0x0001,
  uncompressedData: 0x0002,
  uncompressedFragments: 0x0008,
  noFragments: 0x0010,
  alwaysFragments: 0x0020,
  duplicatesRemoved: 0x0040,
  exportable: 0x0080,
  uncompressedXattrs: 0x0100,
  noXattrs: 0x0200,
  compressorOptions: 0x0400,
  uncompressedIds: 0x0800,
} as const;

/** What a file is. */
export type FileKind =
  | "directory"
  | "file"
  | "symlink"
  | "block"
  | "character"
  | "fifo"
  | "socket";

/** Kinds by type number: basic inodes have types 1 to 7 in this order, extended ones 8 to 14. */
export const FILE_KINDS: readonly FileKind[] = [
  "directory",
  "file",
  "symlink",
  "block",
  "character",
  "fifo",
  "socket",
];

/** What an extended inode's type has over the basic one's. */
export const EXTENDED = FILE_KINDS.length;

/** Prefixes of extended attribute names, by the number that stands for them. */
export const XATTR_PREFIXES: readonly string[] = ["user.", "trusted.", "security."];
/** Bits of an attribute's type that number its prefix. */
export const XATTR_PREFIX_MASK = 0xff;
/** Bit of an attribute's type: its value is a reference to a value stored elsewhere. */
export const XATTR_OUT_OF_LINE = 0x0100;

/**
 * A place in a metadata table: where the block starts in the table and the offset in the
 * decompressed block, as one number (48 bits, which a number holds exactly).
 */
export function metadataReference(block: number, offset: number): number {
  return block * 0x10000 + offset;
}

export function referenceBlock(reference: number): number {
  return Math.floor(reference / 0x10000);
}

export function referenceOffset(reference: number): number {
  return reference % 0x10000;
}
