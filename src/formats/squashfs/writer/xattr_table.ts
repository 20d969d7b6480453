import { type ByteString, byteString, ByteWriter } from "../../../bytes/mod.ts";
import { EnrootError } from "../../../diagnostics/mod.ts";
import {
  INVALID_INDEX,
  MAX_NAME_LENGTH,
  MAX_XATTR_VALUE,
  XATTR_OUT_OF_LINE,
  XATTR_PREFIXES,
} from "../format/layout.ts";
import type { BlockCoding } from "./block_coding.ts";
import { writeLookupTable } from "./lookup_table.ts";
import { MetadataWriter } from "./metadata_writer.ts";
import type { AppendingOutput } from "./output.ts";

/** A value this long that was stored before is referred to: that takes 12 bytes. */
const MIN_OUT_OF_LINE = 16;

interface Attribute {
  prefix: number;
  name: ByteString;
  value: ByteString;
}

/**
 * The extended attributes of an image: each different set once.
 *
 * Squashfs knows the namespaces user, trusted and security; attributes of others are left out.
 */
export class XattrTable {
  readonly #keep: boolean;
  readonly #indexes = new Map<string, number>();
  readonly #sets: Attribute[][] = [];

  constructor({ keep }: { keep: boolean }) {
    this.#keep = keep;
  }

  /** The index that stands for a file's attributes, INVALID_INDEX for none. @throws {EnrootError} */
  index(xattrs: Map<ByteString, Uint8Array> | null): number {
    if (!this.#keep || xattrs === null) return INVALID_INDEX;
    const attributes = storable(xattrs);
    if (attributes.length === 0) return INVALID_INDEX;
    const key = attributes
      .map(({ prefix, name, value }) => `${prefix}${name}\0${value.length}:${value}`)
      .join("");
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.#sets.length;
    this.#indexes.set(key, index);
    this.#sets.push(attributes);
    return index;
  }

  /** Writes the table; returns its position, null if there is nothing in it. */
  write(output: AppendingOutput, coding: BlockCoding | null): number | null {
    if (this.#sets.length === 0) return null;
    const start = output.position;
    const blocks = new MetadataWriter(coding);
    const ids = new ByteWriter();
    const stored = new Map<ByteString, number>();
    for (const attributes of this.#sets) {
      ids.u64(blocks.reference);
      ids.u32(attributes.length);
      ids.u32(writeSet(blocks, { attributes, stored }));
    }
    blocks.finish(output);
    const header = new ByteWriter();
    header.u64(start);
    header.u32(this.#sets.length);
    header.u32(0);
    return writeLookupTable(output, { entries: ids.written(), coding, header: header.written() });
  }
}

/**
 * Writes one set of attributes.
 *
 * @param stored references to the values that are in the table already; completed
 * @returns how many bytes the set takes
 */
function writeSet(
  blocks: MetadataWriter,
  { attributes, stored }: { attributes: Attribute[]; stored: Map<ByteString, number> },
): number {
  const bytes = new ByteWriter();
  let size = 0;
  for (const { prefix, name, value } of attributes) {
    const reference = stored.get(value);
    bytes.clear();
    bytes.u16(reference === undefined ? prefix : prefix | XATTR_OUT_OF_LINE);
    bytes.u16(name.length);
    bytes.byteString(name);
    blocks.write(bytes.written());
    size += bytes.length;
    bytes.clear();
    if (reference !== undefined) {
      bytes.u32(8);
      bytes.u64(reference);
    } else {
      if (value.length >= MIN_OUT_OF_LINE) stored.set(value, blocks.reference);
      bytes.u32(value.length);
      bytes.byteString(value);
    }
    blocks.write(bytes.written());
    size += bytes.length;
  }
  return size;
}

function storable(xattrs: Map<ByteString, Uint8Array>): Attribute[] {
  const attributes: Attribute[] = [];
  for (const key of [...xattrs.keys()].sort()) {
    const prefix = XATTR_PREFIXES.findIndex((start) => key.startsWith(start));
    const value = xattrs.get(key);
    if (prefix === -1 || value === undefined) continue;
    const name = key.slice(XATTR_PREFIXES[prefix]?.length);
    if (name.length === 0 || name.length > MAX_NAME_LENGTH || name.includes("\0")) {
      throw new EnrootError(`Cannot write extended attribute ${JSON.stringify(key)}: bad name`);
    }
    if (value.length > MAX_XATTR_VALUE) {
      throw new EnrootError(`Cannot write extended attribute ${key}: ${value.length} bytes long`);
    }
    attributes.push({ prefix, name, value: byteString(value) });
  }
  return attributes;
}
