import { METADATA_SIZE, METADATA_STORED, metadataReference } from "../format/layout.ts";
import { type BlockCoding, codeBlock } from "./block_coding.ts";
import type { AppendingOutput } from "./output.ts";
import { isZero } from "./zeros.ts";

const ZERO_BLOCK = new Uint8Array(METADATA_SIZE);

/** Collects a metadata table: bytes in, blocks of METADATA_SIZE out. */
export class MetadataWriter {
  /** Null to store blocks as they are. */
  readonly #coding: BlockCoding | null;
  readonly #block = new Uint8Array(METADATA_SIZE);
  readonly #encoded: Uint8Array[] = [];
  readonly #blockStarts: number[] = [];
  /** What a block of zeros comes to. */
  #zeros: Uint8Array | null = null;
  #filled = 0;
  /** Encoded bytes of the blocks that are full. */
  #length = 0;

  constructor(coding: BlockCoding | null) {
    this.#coding = coding;
  }

  /** Reference to where the next byte goes. */
  get reference(): number {
    return metadataReference(this.#length, this.#filled);
  }

  /** Where each block begins in the encoded table. */
  get blockStarts(): readonly number[] {
    return this.#blockStarts;
  }

  write(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const count = Math.min(bytes.length - at, METADATA_SIZE - this.#filled);
      this.#block.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === METADATA_SIZE) this.#flush();
    }
  }

  writeZeros(length: number): void {
    for (let left = length; left > 0; left -= METADATA_SIZE) {
      this.write(ZERO_BLOCK.subarray(0, Math.min(left, METADATA_SIZE)));
    }
  }

  /** Ends the last block and writes the table out. */
  finish(output: AppendingOutput): void {
    if (this.#filled > 0) this.#flush();
    for (const block of this.#encoded) output.append(block);
  }

  #flush(): void {
    const block = this.#block.subarray(0, this.#filled);
    // A file of large holes has any number of such blocks.
    if (block.length === METADATA_SIZE && isZero(block)) {
      this.#add(this.#zeros ??= this.#code(block));
    } else this.#add(this.#code(block));
    this.#filled = 0;
  }

  #add(encoded: Uint8Array): void {
    this.#encoded.push(encoded);
    this.#blockStarts.push(this.#length);
    this.#length += encoded.length;
  }

  #code(block: Uint8Array): Uint8Array {
    const coded = this.#coding === null ? block : codeBlock(this.#coding, block);
    const stored = coded.length >= block.length;
    const contents = stored ? block : coded;
    const encoded = new Uint8Array(2 + contents.length);
    new DataView(encoded.buffer).setUint16(
      0,
      contents.length | (stored ? METADATA_STORED : 0),
      true,
    );
    encoded.set(contents, 2);
    return encoded;
  }
}
