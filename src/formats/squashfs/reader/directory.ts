import type { ByteString } from "../../../bytes/mod.ts";
import {
  type FileKind,
  MAX_ENTRIES_PER_HEADER,
  MAX_NAME_LENGTH,
  METADATA_SIZE,
  metadataReference,
  referenceOffset,
} from "../format/layout.ts";
import { corrupt } from "../format/squashfs_error.ts";
import { fileKind } from "./inode.ts";
import type { MetadataCursor } from "./metadata.ts";

const HEADER_SIZE = 12;
const ENTRY_SIZE = 8;

/** One name in a directory. */
export interface DirectoryEntry {
  name: ByteString;
  /** What the file is. The inode tells again, and in a damaged image differently: believe it. */
  kind: FileKind;
  /** Where the inode is; see readInode(). */
  reference: number;
  inodeNumber: number;
}

/**
 * Decodes a directory listing of so many bytes, and of at most so many names, at a cursor, entry by
 * entry.
 *
 * Names are checked to be names, not "." or "..", without "/" and NUL, and to be in order, which
 * every writer and the kernel's lookup rely on: so none comes twice, and a small image cannot
 * decompress to an endless listing.
 *
 * @throws {SquashfsError}
 */
export function* decodeListing(
  cursor: MetadataCursor,
  { length, maxNames }: { length: number; maxNames: number },
): Generator<DirectoryEntry> {
  let left = length;
  let names = 0;
  let previous = "";
  while (left > 0) {
    const count = cursor.u32() + 1;
    if (count > MAX_ENTRIES_PER_HEADER) throw corrupt(`directory header with ${count} entries`);
    const block = cursor.u32();
    const firstNumber = cursor.u32();
    left -= HEADER_SIZE;
    names += count;
    if (names > maxNames) throw corrupt("directory with more names than there can be files");
    for (let index = 0; index < count; index++) {
      const offset = cursor.u16();
      const inodeNumber = firstNumber + cursor.i16();
      const kind = fileKind(cursor.u16());
      const nameLength = cursor.u16() + 1;
      if (nameLength > MAX_NAME_LENGTH) throw corrupt(`name of ${nameLength} bytes`);
      const name = cursor.byteString(nameLength);
      checkName(name);
      if (name <= previous) throw corrupt("directory with names out of order");
      previous = name;
      left -= ENTRY_SIZE + nameLength;
      if (left < 0) throw corrupt("directory passes its own length");
      yield { name, kind, reference: metadataReference(block, offset), inodeNumber };
    }
  }
}

/** Where to start in a listing to find a name. */
export interface ListingStart {
  /** Reference into the directory table. */
  reference: number;
  /** How many bytes of the listing lie before. */
  skipped: number;
}

/**
 * Finds in a directory index the last place that is not behind a name.
 *
 * @param cursor stands at the index
 * @param search.listing reference to the listing's beginning
 * @throws {SquashfsError}
 */
export function searchIndex(
  cursor: MetadataCursor,
  search: { name: ByteString; indexCount: number; listing: number },
): ListingStart {
  const { name, indexCount, listing } = search;
  let found = { reference: listing, skipped: 0 };
  const firstOffset = referenceOffset(listing);
  for (let index = 0; index < indexCount; index++) {
    const skipped = cursor.u32();
    const block = cursor.u32();
    const nameLength = cursor.u32() + 1;
    if (nameLength > MAX_NAME_LENGTH) throw corrupt(`name of ${nameLength} bytes`);
    if (cursor.byteString(nameLength) > name) break;
    const offset = (skipped + firstOffset) % METADATA_SIZE;
    found = { reference: metadataReference(block, offset), skipped };
  }
  return found;
}

function checkName(name: ByteString): void {
  if (name === "." || name === ".." || name.includes("/") || name.includes("\0")) {
    throw corrupt(`impossible file name ${JSON.stringify(name)}`);
  }
}
