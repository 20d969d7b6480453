import { crc32 } from "node:zlib";
import { ByteReader } from "../../../bytes/mod.ts";
import { type CompressionError, decompressionError } from "../compression_error.ts";
import { type DecoderSteps, take } from "./decoder_steps.ts";
import { integerBytes } from "./xz_integer.ts";

/** How much of the records is read at a time. */
const PIECE_LENGTH = 1 << 16;

/**
 * The index that ends a stream of xz (xz-file-format.txt §4): how large each block was.
 *
 * It can have but one content, so of what it should be we keep no more than length and checksum.
 */
export class XzIndex {
  #count = 0;
  #length = 0;
  #sum = 0;

  /** Notes a block, as it will be listed. */
  add(block: { unpaddedSize: number; uncompressedSize: number }): void {
    const bytes = [...integerBytes(block.unpaddedSize), ...integerBytes(block.uncompressedSize)];
    this.#sum = crc32(new Uint8Array(bytes), this.#sum);
    this.#length += bytes.length;
    this.#count++;
  }

  /**
   * Reads the index, behind its indicator byte, and returns its whole size in bytes.
   *
   * @throws {CompressionError} it is not what it should be
   */
  *read(): DecoderSteps<number> {
    const indicatorAndCount = new Uint8Array([0, ...integerBytes(this.#count)]);
    const count = yield* take("xz", indicatorAndCount.length - 1);
    if (count.some((byte, index) => byte !== indicatorAndCount[index + 1])) throw mismatch();
    let whole = crc32(indicatorAndCount);
    let sum = 0;
    for (let left = this.#length; left > 0;) {
      const records = yield* take("xz", Math.min(left, PIECE_LENGTH));
      sum = crc32(records, sum);
      whole = crc32(records, whole);
      left -= records.length;
    }
    if (sum !== this.#sum) throw mismatch();
    const size = indicatorAndCount.length + this.#length;
    const padding = yield* take("xz", -size & 3);
    if (padding.some((byte) => byte !== 0)) throw mismatch();
    whole = crc32(padding, whole);
    if (new ByteReader(yield* take("xz", 4)).u32() !== whole) {
      throw decompressionError("xz", "incorrect check of the index");
    }
    return size + padding.length + 4;
  }
}

function mismatch(): CompressionError {
  return decompressionError("xz", "the index does not match the blocks");
}
