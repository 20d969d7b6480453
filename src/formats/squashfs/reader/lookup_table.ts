import { ByteReader } from "../../../bytes/mod.ts";
import { METADATA_SIZE, metadataReference } from "../format/layout.ts";
import { corrupt } from "../format/squashfs_error.ts";
import type { ImageBytes } from "./image_bytes.ts";
import type { MetadataCursor, MetadataReader } from "./metadata.ts";

const POSITION_SIZE = 8;

/** Where a lookup table lies and what it holds. */
export interface LookupTableLayout {
  /** What errors call it. */
  name: string;
  /** Where the list of its metadata blocks begins. */
  start: number;
  count: number;
  entrySize: number;
}

/**
 * A table of entries of one size in metadata blocks that are listed by position: the id, fragment
 * and xattr id tables.
 */
export class LookupTable {
  readonly #metadata: MetadataReader;
  readonly #layout: LookupTableLayout;
  readonly #blocks: Float64Array;

  /** @throws {SquashfsError} the list of blocks lies outside the image */
  constructor(
    { image, metadata }: { image: ImageBytes; metadata: MetadataReader },
    layout: LookupTableLayout,
  ) {
    this.#metadata = metadata;
    this.#layout = layout;
    const blockCount = Math.ceil(layout.count * layout.entrySize / METADATA_SIZE);
    const list = new ByteReader(image.read(layout.start, blockCount * POSITION_SIZE));
    this.#blocks = new Float64Array(blockCount);
    for (let index = 0; index < blockCount; index++) {
      const position = Number(list.bigU64());
      if (position >= layout.start) throw corrupt(`${layout.name} out of bounds`);
      this.#blocks[index] = position;
    }
  }

  /** Where the table's first metadata block begins. */
  get firstBlock(): number {
    return this.#blocks[0] ?? this.#layout.start;
  }

  /** A cursor at an entry. @throws {SquashfsError} there is no such entry */
  entry(index: number): MetadataCursor {
    const { name, count, entrySize, start } = this.#layout;
    if (index >= count) throw corrupt(`${name} has ${count} entries, not ${index + 1}`);
    const at = index * entrySize;
    const block = this.#blocks[Math.floor(at / METADATA_SIZE)] ?? start;
    return this.#metadata.cursor(
      { start: block, end: start },
      metadataReference(0, at % METADATA_SIZE),
    );
  }
}
