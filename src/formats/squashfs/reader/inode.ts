import type { ByteString } from "../../../bytes/mod.ts";
import { decodeDevice } from "../format/device_number.ts";
import {
  DIRECTORY_SIZE_BIAS,
  EXTENDED,
  FILE_KINDS,
  type FileKind,
  INVALID_INDEX,
  metadataReference,
} from "../format/layout.ts";
import { corrupt } from "../format/squashfs_error.ts";
import type { MetadataCursor } from "./metadata.ts";

/** Longest link target: the largest page of any Linux, as the kernel accepts at most one page. */
const MAX_TARGET_LENGTH = 65536;

/** Bytes of file inodes before their block sizes. */
const BASIC_FILE_SIZE = 32;
const EXTENDED_FILE_SIZE = 56;
/** Bytes of an extended directory inode before its index. */
export const EXTENDED_DIRECTORY_SIZE = 40;

/** What every inode has. */
interface InodeBase {
  /** Where the inode is; what readInode() takes. The same file always has the same reference. */
  reference: number;
  /** Permission, set-id and sticky bits: 0–07777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch. */
  mtime: number;
  inodeNumber: number;
  nlink: number;
  /** Bytes of a file's contents or a link's target; 0 for other kinds. */
  size: number;
  /** Index of the extended attributes, null for none; see xattrs(). */
  xattrIndex: number | null;
}

/** A directory; `listing` is for the reader alone. */
export interface SquashfsDirectory extends InodeBase {
  kind: "directory";
  listing: {
    /** Reference into the directory table. */
    reference: number;
    /** Bytes of the listing. */
    length: number;
    /** Entries of the directory index, which follows the inode. */
    indexCount: number;
  };
}

/** A regular file; `data` is for the reader alone. */
export interface SquashfsFile extends InodeBase {
  kind: "file";
  /** Bytes of holes: stat(2) counts no blocks for them. At most `size`. */
  holes: number;
  data: {
    /** Where the first block is in the image. */
    start: number;
    /** Fragment block and offset in it of the file's end, null when the end is a block too. */
    fragment: { index: number; offset: number } | null;
    /** How far behind the inode's start its block sizes are. */
    blockListOffset: number;
  };
}

/** A symbolic link. */
export interface SquashfsSymlink extends InodeBase {
  kind: "symlink";
  target: ByteString;
}

/** A device node. */
export interface SquashfsDevice extends InodeBase {
  kind: "character" | "block";
  major: number;
  minor: number;
}

/** A named pipe or socket. */
export interface SquashfsSpecial extends InodeBase {
  kind: "fifo" | "socket";
}

/** One file of an image. */
export type SquashfsInode =
  | SquashfsDirectory
  | SquashfsFile
  | SquashfsSymlink
  | SquashfsDevice
  | SquashfsSpecial;

/** The kind behind a type number of an inode or directory entry. @throws {SquashfsError} */
export function fileKind(type: number): FileKind {
  const kind = FILE_KINDS[type > EXTENDED ? type - EXTENDED - 1 : type - 1];
  if (kind === undefined) throw corrupt(`unknown inode type ${type}`);
  return kind;
}

/**
 * Decodes the inode a cursor stands at.
 *
 * @param ids the image's uids and gids
 * @throws {SquashfsError}
 */
export function decodeInode(
  cursor: MetadataCursor,
  { reference, ids }: { reference: number; ids: Uint32Array },
): SquashfsInode {
  const type = cursor.u16();
  const kind = fileKind(type);
  const extended = type > EXTENDED;
  const base: InodeBase = {
    reference,
    mode: cursor.u16() & 0o7777,
    uid: owner(ids, cursor.u16()),
    gid: owner(ids, cursor.u16()),
    mtime: cursor.u32(),
    inodeNumber: cursor.u32(),
    nlink: 1,
    size: 0,
    xattrIndex: null,
  };
  switch (kind) {
    case "directory":
      return extended ? extendedDirectory(cursor, base) : basicDirectory(cursor, base);
    case "file":
      return extended ? extendedFile(cursor, base) : basicFile(cursor, base);
    case "symlink": {
      base.nlink = cursor.u32();
      base.size = cursor.u32();
      if (base.size === 0 || base.size > MAX_TARGET_LENGTH) {
        throw corrupt(`link target of impossible length ${base.size}`);
      }
      const target = cursor.byteString(base.size);
      if (target.includes("\0")) throw corrupt("link target with a NUL byte");
      if (extended) base.xattrIndex = optionalIndex(cursor);
      return { ...base, kind, target };
    }
    case "block":
    case "character": {
      base.nlink = cursor.u32();
      const { major, minor } = decodeDevice(cursor.u32());
      if (extended) base.xattrIndex = optionalIndex(cursor);
      return { ...base, kind, major, minor };
    }
    case "fifo":
    case "socket":
      base.nlink = cursor.u32();
      if (extended) base.xattrIndex = optionalIndex(cursor);
      return { ...base, kind };
  }
}

function basicDirectory(cursor: MetadataCursor, base: InodeBase): SquashfsDirectory {
  const block = cursor.u32();
  base.nlink = cursor.u32();
  const length = listingLength(cursor.u16());
  const reference = metadataReference(block, cursor.u16());
  return { ...base, kind: "directory", listing: { reference, length, indexCount: 0 } };
}

function extendedDirectory(cursor: MetadataCursor, base: InodeBase): SquashfsDirectory {
  base.nlink = cursor.u32();
  const length = listingLength(cursor.u32());
  const block = cursor.u32();
  cursor.skip(4); // The parent's inode number: names are looked up from the root down only.
  const indexCount = cursor.u16();
  const reference = metadataReference(block, cursor.u16());
  base.xattrIndex = optionalIndex(cursor);
  return { ...base, kind: "directory", listing: { reference, length, indexCount } };
}

function basicFile(cursor: MetadataCursor, base: InodeBase): SquashfsFile {
  const start = cursor.u32();
  const fragment = fragmentPlace(cursor);
  base.size = cursor.u32();
  const data = { start, fragment, blockListOffset: BASIC_FILE_SIZE };
  return { ...base, kind: "file", holes: 0, data };
}

function extendedFile(cursor: MetadataCursor, base: InodeBase): SquashfsFile {
  const start = cursor.u64();
  base.size = cursor.u64();
  // Nothing depends on it but a number in a listing: no reason to refuse an image.
  const holes = Math.min(cursor.u32() + cursor.u32() * 2 ** 32, base.size);
  base.nlink = cursor.u32();
  const fragment = fragmentPlace(cursor);
  base.xattrIndex = optionalIndex(cursor);
  const data = { start, fragment, blockListOffset: EXTENDED_FILE_SIZE };
  return { ...base, kind: "file", holes, data };
}

function fragmentPlace(cursor: MetadataCursor): SquashfsFile["data"]["fragment"] {
  const index = cursor.u32();
  const offset = cursor.u32();
  return index === INVALID_INDEX ? null : { index, offset };
}

function listingLength(size: number): number {
  return Math.max(0, size - DIRECTORY_SIZE_BIAS);
}

function optionalIndex(cursor: MetadataCursor): number | null {
  const index = cursor.u32();
  return index === INVALID_INDEX ? null : index;
}

function owner(ids: Uint32Array, index: number): number {
  const id = ids[index];
  if (id === undefined) throw corrupt(`owner ${index} of ${ids.length}`);
  return id;
}
