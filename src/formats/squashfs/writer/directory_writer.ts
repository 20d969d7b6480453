import { type ByteString, ByteWriter } from "../../../bytes/mod.ts";
import {
  FILE_KINDS,
  type FileKind,
  MAX_ENTRIES_PER_HEADER,
  METADATA_SIZE,
  referenceBlock,
  referenceOffset,
} from "../format/layout.ts";
import type { MetadataWriter } from "./metadata_writer.ts";

const HEADER_SIZE = 12;
const ENTRY_SIZE = 8;
/** The count of index entries is a 16-bit field. */
const MAX_INDEX_ENTRIES = 0xffff;
const MAX_NUMBER_DIFFERENCE = 0x7fff;

/** A name to be written, with its inode. */
export interface ListingEntry {
  name: ByteString;
  kind: FileKind;
  reference: number;
  number: number;
}

/** A place in a listing to start searching from. */
export interface IndexEntry {
  /** Bytes of the listing before the place. */
  skipped: number;
  /** Where its metadata block begins in the directory table. */
  block: number;
  /** The first name there. */
  name: ByteString;
}

/** A listing in the directory table. */
export interface WrittenListing {
  reference: number;
  length: number;
  /** A place every METADATA_SIZE bytes, so that a lookup need not read a long listing whole. */
  index: IndexEntry[];
}

/** Writes the listing of a directory; entries are in byte order of their names. */
export function writeListing(table: MetadataWriter, entries: ListingEntry[]): WrittenListing {
  const written: WrittenListing = { reference: table.reference, length: 0, index: [] };
  const bytes = new ByteWriter();
  let indexed = 0;
  let index = 0;
  for (let first = entries[0]; first !== undefined; first = entries[index]) {
    const runSize = HEADER_SIZE + ENTRY_SIZE + first.name.length;
    if (
      written.length + runSize - indexed > METADATA_SIZE &&
      written.index.length < MAX_INDEX_ENTRIES
    ) {
      indexed = written.length;
      const block = referenceBlock(table.reference);
      written.index.push({ skipped: written.length, block, name: first.name });
    }
    const end = runEnd(entries, { start: index, room: indexed + METADATA_SIZE - written.length });
    bytes.clear();
    bytes.u32(end - index - 1);
    bytes.u32(referenceBlock(first.reference));
    bytes.u32(first.number);
    for (const entry of entries.slice(index, end)) {
      bytes.u16(referenceOffset(entry.reference));
      bytes.u16(entry.number - first.number);
      bytes.u16(FILE_KINDS.indexOf(entry.kind) + 1);
      bytes.u16(entry.name.length - 1);
      bytes.byteString(entry.name);
    }
    table.write(bytes.written());
    written.length += bytes.length;
    index = end;
  }
  return written;
}

/** Where the entries end that can follow one header, at least one behind the start. */
function runEnd(
  entries: ListingEntry[],
  { start, room }: { start: number; room: number },
): number {
  const first = entries[start];
  let size = HEADER_SIZE;
  let end = start;
  for (let entry = first; entry !== undefined && first !== undefined; entry = entries[end]) {
    size += ENTRY_SIZE + entry.name.length;
    const fits = end - start < MAX_ENTRIES_PER_HEADER && size <= room &&
      referenceBlock(entry.reference) === referenceBlock(first.reference) &&
      Math.abs(entry.number - first.number) <= MAX_NUMBER_DIFFERENCE;
    if (!fits && end > start) break;
    end++;
  }
  return end;
}
