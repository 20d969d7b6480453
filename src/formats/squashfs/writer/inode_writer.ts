import { type ByteString, ByteWriter } from "../../../bytes/mod.ts";
import { EnrootError } from "../../../diagnostics/mod.ts";
import type { Attributes, Directory, Inode, RegularFile } from "../../../fstree/mod.ts";
import { encodeDevice } from "../format/device_number.ts";
import {
  DIRECTORY_SIZE_BIAS,
  EXTENDED,
  FILE_KINDS,
  type FileKind,
  INVALID_INDEX,
  referenceBlock,
  referenceOffset,
} from "../format/layout.ts";
import type { WrittenListing } from "./directory_writer.ts";
import { type FileData, NO_FRAGMENT, StoredFile } from "./file_data.ts";
import type { IdTable } from "./id_table.ts";
import type { MetadataWriter } from "./metadata_writer.ts";
import type { XattrTable } from "./xattr_table.ts";

/** Bytes of a block's size in a file's inode. */
const BLOCK_SIZE_FIELD = 4;
const MAX_U16 = 0xffff;
const MAX_U32 = 0xffffffff;
/** The longest target Linux can follow (PATH_MAX without the NUL). */
const MAX_TARGET_LENGTH = 4095;

/** What inodes are written with. */
export interface InodeTarget {
  table: MetadataWriter;
  ids: IdTable;
  xattrs: XattrTable;
  /** Whether everything belongs to 0:0. */
  allRoot: boolean;
  /** Modification time of everything, null for each file's own. */
  allTime: number | null;
}

/** What an inode says that is not in the tree's node. */
export interface InodePlace {
  number: number;
  links: number;
  /** What messages call the file. */
  path: () => string;
}

/** Anything but a directory. */
export type LeafInode = Exclude<Inode<FileData>, Directory<FileData>>;

/** Writes inodes; each returns the inode's reference. */
export class InodeWriter {
  readonly #target: InodeTarget;
  readonly #bytes = new ByteWriter();

  constructor(target: InodeTarget) {
    this.#target = target;
  }

  /** Writes a directory, whose listing has been written. */
  writeDirectory(
    directory: Attributes,
    place: { number: number; parent: number; subdirectories: number; listing: WrittenListing },
  ): number {
    const { listing } = place;
    const links = place.subdirectories + 2;
    const size = listing.length + DIRECTORY_SIZE_BIAS;
    const block = referenceBlock(listing.reference);
    const offset = referenceOffset(listing.reference);
    const xattr = this.#target.xattrs.index(directory.xattrs);
    const extended = size > MAX_U16 || listing.index.length > 0 || xattr !== INVALID_INDEX;
    const bytes = this.#begin(directory, { kind: "directory", extended, number: place.number });
    if (!extended) {
      bytes.u32(block);
      bytes.u32(links);
      bytes.u16(size);
      bytes.u16(offset);
      bytes.u32(place.parent);
      return this.#end();
    }
    bytes.u32(links);
    bytes.u32(size);
    bytes.u32(block);
    bytes.u32(place.parent);
    bytes.u16(listing.index.length);
    bytes.u16(offset);
    bytes.u32(xattr);
    for (const { skipped, block, name } of listing.index) {
      bytes.u32(skipped);
      bytes.u32(block);
      bytes.u32(name.length - 1);
      bytes.byteString(name);
    }
    return this.#end();
  }

  /** Writes anything else. @throws {EnrootError} something squashfs cannot hold */
  write(inode: LeafInode, place: InodePlace): number {
    if (inode.kind === "file") return this.#writeFile(inode, place);
    const xattr = this.#target.xattrs.index(inode.xattrs);
    const extended = xattr !== INVALID_INDEX;
    const bytes = this.#begin(inode, { kind: inode.kind, extended, number: place.number });
    bytes.u32(place.links);
    switch (inode.kind) {
      case "symlink":
        checkTarget(inode.target, place);
        bytes.u32(inode.target.length);
        bytes.byteString(inode.target);
        break;
      case "block":
      case "character": {
        const device = encodeDevice(inode);
        if (device === null) throw unwritable(place, "impossible device number");
        bytes.u32(device);
        break;
      }
      case "fifo":
      case "socket":
        break;
    }
    if (extended) bytes.u32(xattr);
    return this.#end();
  }

  #writeFile(file: RegularFile<FileData>, place: InodePlace): number {
    const { content } = file;
    if (!(content instanceof StoredFile) || content.size !== file.size) {
      throw new Error(`contents of another writer or size: ${place.path()}`);
    }
    const { start, holeBytes } = content;
    const xattr = this.#target.xattrs.index(file.xattrs);
    const extended = file.size > MAX_U32 || start > MAX_U32 || holeBytes > 0 || place.links > 1 ||
      xattr !== INVALID_INDEX;
    const fragment = content.fragment === NO_FRAGMENT ? INVALID_INDEX : content.fragment;
    const bytes = this.#begin(file, { kind: "file", extended, number: place.number });
    if (extended) {
      bytes.u64(start);
      bytes.u64(file.size);
      bytes.u64(holeBytes);
      bytes.u32(place.links);
      bytes.u32(fragment);
      bytes.u32(content.fragmentOffset);
      bytes.u32(xattr);
    } else {
      bytes.u32(start);
      bytes.u32(fragment);
      bytes.u32(content.fragmentOffset);
      bytes.u32(file.size);
    }
    const reference = this.#end();
    for (const piece of content.sizes()) {
      if (typeof piece === "number") {
        this.#target.table.writeZeros(piece * BLOCK_SIZE_FIELD);
        continue;
      }
      bytes.clear();
      for (const size of piece) bytes.u32(size);
      this.#target.table.write(bytes.written());
    }
    return reference;
  }

  #begin(
    attributes: Attributes,
    { kind, extended, number }: { kind: FileKind; extended: boolean; number: number },
  ): ByteWriter {
    const { ids, allRoot, allTime } = this.#target;
    const bytes = this.#bytes;
    bytes.clear();
    bytes.u16(FILE_KINDS.indexOf(kind) + 1 + (extended ? EXTENDED : 0));
    bytes.u16(attributes.mode & 0o7777);
    bytes.u16(ids.index(allRoot ? 0 : attributes.uid));
    bytes.u16(ids.index(allRoot ? 0 : attributes.gid));
    bytes.u32(allTime ?? Math.max(0, Math.min(MAX_U32, Math.floor(attributes.mtime))));
    bytes.u32(number);
    return bytes;
  }

  #end(): number {
    const { table } = this.#target;
    const { reference } = table;
    table.write(this.#bytes.written());
    return reference;
  }
}

function checkTarget(target: ByteString, place: InodePlace): void {
  if (target.length === 0 || target.length > MAX_TARGET_LENGTH || target.includes("\0")) {
    throw unwritable(place, "impossible link target");
  }
}

function unwritable(place: InodePlace, reason: string): EnrootError {
  return new EnrootError(`Cannot write ${place.path()} to the squashfs image: ${reason}`);
}
