import type { ByteString } from "../../../bytes/mod.ts";
import { corrupt, SquashfsError } from "../format/squashfs_error.ts";
import { parseSuperblock, type Superblock, SUPERBLOCK_SIZE } from "../format/superblock.ts";
import { METADATA_SIZE, MIN_METADATA_BLOCK } from "../format/layout.ts";
import { decodeListing, type DirectoryEntry, searchIndex } from "./directory.ts";
import { FileContents } from "./file_contents.ts";
import type { BlockRun, FileLayout, FragmentTail } from "./file_layout.ts";
import { ImageBytes, type RandomAccess } from "./image_bytes.ts";
import {
  decodeInode,
  EXTENDED_DIRECTORY_SIZE,
  type SquashfsDirectory,
  type SquashfsFile,
  type SquashfsInode,
} from "./inode.ts";
import { LookupTable } from "./lookup_table.ts";
import { MetadataReader, type MetadataTable } from "./metadata.ts";
import { XattrTable } from "./xattrs.ts";

const ID_SIZE = 4;
/** Bytes of the smallest inode, a pipe's. */
const MIN_INODE_SIZE = 20;
const NAMES_PER_INODE = 16;
const MORE_NAMES = 1 << 20;

/**
 * Opens a squashfs 4.0 image.
 *
 * Images are not trusted: every position, size and count is checked before use, work and memory
 * stay in proportion to the image, and what is wrong ends in a SquashfsError. Two things are left to
 * whoever walks an image: it may link a directory below itself, so a walk must not enter one
 * `reference` twice; and directories may share a listing, so a walk must count names.
 *
 * @param options.offset where the image begins in the source
 * @throws {SquashfsError} not a squashfs image, damaged, or not supported
 */
export function openSquashfs(
  source: RandomAccess,
  options: { offset?: number } = {},
): SquashfsReader {
  return new SquashfsReader(source, options.offset ?? 0);
}

/** A squashfs image that is open for reading. Made by openSquashfs(). */
export class SquashfsReader {
  readonly superblock: Superblock;
  readonly #metadata: MetadataReader;
  readonly #inodes: MetadataTable;
  readonly #directories: MetadataTable;
  readonly #ids: Uint32Array;
  readonly #contents: FileContents;
  readonly #xattrs: XattrTable | null;

  constructor(source: RandomAccess, offset: number) {
    const image = new ImageBytes(source, offset);
    if (image.length < SUPERBLOCK_SIZE) {
      throw new SquashfsError("not-squashfs", "not a squashfs image");
    }
    const superblock = parseSuperblock(image.read(0, SUPERBLOCK_SIZE));
    image.limit(superblock.bytesUsed);
    const metadata = new MetadataReader(image, superblock.compression);
    const inodes = { start: superblock.inodeTable, end: superblock.directoryTable };
    this.superblock = superblock;
    this.#metadata = metadata;
    this.#inodes = inodes;
    this.#directories = directoryTable(superblock);
    this.#ids = readIds({ image, metadata }, superblock);
    this.#contents = new FileContents({ image, metadata, superblock, inodes });
    this.#xattrs = superblock.xattrTable === null
      ? null
      : new XattrTable({ image, metadata }, superblock.xattrTable);
  }

  /** The root directory. @throws {SquashfsError} */
  root(): SquashfsDirectory {
    const inode = this.readInode(this.superblock.rootInode);
    if (inode.kind !== "directory") throw corrupt("the root is no directory");
    return inode;
  }

  /** The inode at a reference, which comes from a directory entry. @throws {SquashfsError} */
  readInode(reference: number): SquashfsInode {
    const cursor = this.#metadata.cursor(this.#inodes, reference);
    return decodeInode(cursor, { reference, ids: this.#ids });
  }

  /** How many inodes there can be: as many as the image says, if its table has room for them. */
  get inodeCount(): number {
    const { start, end } = this.#inodes;
    const room = (end - start) / MIN_METADATA_BLOCK * METADATA_SIZE;
    return Math.min(this.superblock.inodeCount, Math.ceil(room / MIN_INODE_SIZE));
  }

  /**
   * How many names an image can have: files with more than a few are rare, so that with more names
   * it must use one listing again and again.
   */
  get maxNames(): number {
    return this.inodeCount * NAMES_PER_INODE + MORE_NAMES;
  }

  /** All names in a directory, in byte order. @throws {SquashfsError} */
  readDirectory(directory: SquashfsDirectory): DirectoryEntry[] {
    return [...this.entries(directory)];
  }

  /** As {@link readDirectory}, one after the other. */
  *entries(directory: SquashfsDirectory): Generator<DirectoryEntry> {
    const { reference, length } = directory.listing;
    if (length === 0) return;
    const cursor = this.#metadata.cursor(this.#directories, reference);
    yield* decodeListing(cursor, { length, maxNames: this.maxNames });
  }

  /** The entry of a name in a directory, null if there is none. @throws {SquashfsError} */
  lookup(directory: SquashfsDirectory, name: ByteString): DirectoryEntry | null {
    const { length } = directory.listing;
    if (length === 0) return null;
    const { reference, skipped } = this.#searchIndex(directory, name);
    const cursor = this.#metadata.cursor(this.#directories, reference);
    for (
      const entry of decodeListing(cursor, { length: length - skipped, maxNames: this.maxNames })
    ) {
      if (entry.name === name) return entry;
      if (entry.name > name) return null;
    }
    return null;
  }

  /** The extended attributes of a file by full name, null for none. @throws {SquashfsError} */
  xattrs(inode: SquashfsInode): Map<ByteString, Uint8Array> | null {
    if (inode.xattrIndex === null || this.#xattrs === null) return null;
    const attributes = this.#xattrs.read(inode.xattrIndex);
    return attributes.size === 0 ? null : attributes;
  }

  /** Bytes that the extended attributes of a file take in the image. @throws {SquashfsError} */
  xattrSize(inode: SquashfsInode): number {
    if (inode.xattrIndex === null || this.#xattrs === null) return 0;
    return this.#xattrs.size(inode.xattrIndex);
  }

  /** Where the data of a file is. @throws {SquashfsError} now or while the runs are iterated */
  fileLayout(file: SquashfsFile): FileLayout {
    return this.#contents.layout(file);
  }

  /** The decoded bytes of a run; good until the next call. @throws {SquashfsError} */
  readBlock(run: BlockRun): Uint8Array {
    return this.#contents.block(run);
  }

  /** The decoded bytes of a file's tail; good until the next call. @throws {SquashfsError} */
  readFragment(tail: FragmentTail): Uint8Array {
    return this.#contents.fragment(tail);
  }

  /**
   * Reads up to `length` bytes of a file from `offset` on into the beginning of `into`.
   *
   * @returns how many bytes there were before the file's end
   * @throws {SquashfsError}
   */
  readData(file: SquashfsFile, offset: number, length: number, into: Uint8Array): number {
    return this.#contents.read(file, { offset, length, into });
  }

  #searchIndex(directory: SquashfsDirectory, name: ByteString) {
    const { reference, indexCount } = directory.listing;
    if (indexCount === 0) return { reference, skipped: 0 };
    const cursor = this.#metadata.cursor(this.#inodes, directory.reference);
    cursor.skip(EXTENDED_DIRECTORY_SIZE);
    return searchIndex(cursor, { name, indexCount, listing: reference });
  }
}

/** The directory table ends, at the latest, where the first table behind it has its block list. */
function directoryTable(superblock: Superblock): MetadataTable {
  const { directoryTable: start, fragmentTable, exportTable, idTable, xattrTable } = superblock;
  let end = superblock.bytesUsed;
  for (const position of [fragmentTable, exportTable, idTable, xattrTable]) {
    if (position !== null && position > start && position < end) end = position;
  }
  return { start, end };
}

function readIds(
  parts: { image: ImageBytes; metadata: MetadataReader },
  { idTable, idCount }: Superblock,
): Uint32Array {
  const table = new LookupTable(parts, {
    name: "id table",
    start: idTable,
    count: idCount,
    entrySize: ID_SIZE,
  });
  const ids = new Uint32Array(idCount);
  for (let index = 0; index < idCount; index++) ids[index] = table.entry(index).u32();
  return ids;
}
