import type { ByteString } from "../../../bytes/mod.ts";
import {
  MAX_NAME_LENGTH,
  MAX_XATTR_VALUE,
  XATTR_OUT_OF_LINE,
  XATTR_PREFIX_MASK,
  XATTR_PREFIXES,
} from "../format/layout.ts";
import { corrupt, SquashfsError } from "../format/squashfs_error.ts";
import type { ImageBytes } from "./image_bytes.ts";
import { LookupTable } from "./lookup_table.ts";
import type { MetadataReader, MetadataTable } from "./metadata.ts";

const TABLE_HEADER_SIZE = 16;
const ID_SIZE = 16;
/** Where in it the size of the attributes is. */
const SIZE_IN_ID = 12;
/** Far above what any filesystem holds for a file; an image could ask for gigabytes. */
const MAX_BYTES_PER_FILE = 16 << 20;

/** The extended attributes of an image. */
export class XattrTable {
  readonly #metadata: MetadataReader;
  readonly #ids: LookupTable;
  readonly #entries: MetadataTable;

  /** @throws {SquashfsError} */
  constructor(
    { image, metadata }: { image: ImageBytes; metadata: MetadataReader },
    position: number,
  ) {
    const header = image.read(position, TABLE_HEADER_SIZE);
    const view = new DataView(header.buffer);
    const start = Number(view.getBigUint64(0, true));
    this.#metadata = metadata;
    this.#ids = new LookupTable({ image, metadata }, {
      name: "xattr table",
      start: position + TABLE_HEADER_SIZE,
      count: view.getUint32(8, true),
      entrySize: ID_SIZE,
    });
    if (start > this.#ids.firstBlock) throw corrupt("xattr table out of bounds");
    this.#entries = { start, end: this.#ids.firstBlock };
  }

  /** Bytes that the attributes with an index take, as the image says. @throws {SquashfsError} */
  size(index: number): number {
    const id = this.#ids.entry(index);
    id.skip(SIZE_IN_ID);
    return id.u32();
  }

  /** The attributes with an index, by full name. @throws {SquashfsError} */
  read(index: number): Map<ByteString, Uint8Array> {
    const id = this.#ids.entry(index);
    const reference = id.u64();
    const count = id.u32();
    const attributes = new Map<ByteString, Uint8Array>();
    const cursor = this.#metadata.cursor(this.#entries, reference);
    let bytes = 0;
    for (let entry = 0; entry < count; entry++) {
      const type = cursor.u16();
      const nameLength = cursor.u16();
      if (nameLength === 0 || nameLength > MAX_NAME_LENGTH) {
        throw corrupt(`extended attribute name of ${nameLength} bytes`);
      }
      const name = cursor.byteString(nameLength);
      if (name.includes("\0")) throw corrupt("extended attribute name with a NUL byte");
      const valueLength = cursor.u32();
      if (valueLength > MAX_XATTR_VALUE) {
        throw corrupt(`extended attribute value of ${valueLength} bytes`);
      }
      const value = (type & XATTR_OUT_OF_LINE) === 0
        ? cursor.bytes(valueLength)
        : this.#outOfLine(cursor.u64());
      bytes += nameLength + value.length;
      if (bytes > MAX_BYTES_PER_FILE) {
        throw new SquashfsError("unsupported", "too many extended attributes on one file");
      }
      const prefix = XATTR_PREFIXES[type & XATTR_PREFIX_MASK];
      // Like the kernel, pass over namespaces invented after us.
      if (prefix !== undefined) attributes.set(prefix + name, value);
    }
    return attributes;
  }

  #outOfLine(reference: number): Uint8Array {
    const cursor = this.#metadata.cursor(this.#entries, reference);
    const length = cursor.u32();
    if (length > MAX_XATTR_VALUE) throw corrupt(`extended attribute value of ${length} bytes`);
    return cursor.bytes(length);
  }
}
