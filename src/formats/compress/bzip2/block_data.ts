import { decompressionError, unexpectedEnd } from "../compression_error.ts";
import type { BitReader, BitSteps } from "./bit_reader.ts";
import { type BlockHeader, GROUP_SIZE } from "./block_header.ts";
import { MAX_CODE_LENGTH, SHORT_LENGTH } from "./prefix_code.ts";

const BITS_AFTER_SHORT = MAX_CODE_LENGTH - SHORT_LENGTH;
/** No run has this many digits: it would be longer than any block. */
const MAX_RUN_WEIGHT = 1 << 21;

/**
 * The data of one block at a time, as they are before the last column of sorted rotations is made a
 * text again. The memory is used for one block after the other.
 */
export class BlockData {
  /** The lowest 8 bits are the bytes; the others become the place of the byte that comes next. */
  #column = new Uint32Array();
  readonly #counts = new Uint32Array(256);
  #length = 0;

  /**
   * Reads the data of a block of at most so many bytes.
   *
   * @throws {CompressionError} they are malformed
   */
  *read(reader: BitReader, { bytes, codes, choices }: BlockHeader, size: number): BitSteps {
    if (this.#column.length < size) this.#column = new Uint32Array(size);
    const column = this.#column;
    const counts = this.#counts.fill(0);
    const recent = bytes.slice();
    const end = bytes.length + 1;
    let length = 0;
    /** A run of the most recent byte: its length in bijective base 2, the lowest digit first. */
    let run = 0;
    let weight = 1;
    let group = 0;
    let left = 0;
    let code = codes[0];
    // The reader's fields, where they cost nothing.
    let { chunk, at, bits, count } = reader;
    while (true) {
      if (left === 0) {
        code = codes[choices[group++] ?? codes.length];
        if (code === undefined) throw decompressionError("bzip2", "a block does not end");
        code.use();
        left = GROUP_SIZE;
      }
      left--;
      // More bits than the longest word has follow the last one of a stream.
      while (count < MAX_CODE_LENGTH) {
        while (at === chunk.length) {
          const next = yield null;
          if (next === null) throw unexpectedEnd("bzip2");
          chunk = next;
          at = 0;
        }
        bits = bits << 8 | (chunk[at++] ?? 0);
        count += 8;
      }
      const ahead = bits >>> (count - MAX_CODE_LENGTH) & ((1 << MAX_CODE_LENGTH) - 1);
      const word = code?.short[ahead >>> BITS_AFTER_SHORT] || (code?.long(ahead) ?? 0);
      count -= word & 31;
      const symbol = word >>> 5;

      if (symbol < 2) {
        if (weight === MAX_RUN_WEIGHT) throw tooLong();
        run += weight << symbol;
        weight <<= 1;
        continue;
      }
      if (run > 0) {
        if (run > size - length) throw tooLong();
        const byte = recent[0] ?? 0;
        column.fill(byte, length, length + run);
        counts[byte] = (counts[byte] ?? 0) + run;
        length += run;
        run = 0;
        weight = 1;
      }
      if (symbol === end) break;
      if (length === size) throw tooLong();
      const rank = symbol - 1;
      const byte = recent[rank] ?? 0;
      if (rank < 16) {
        for (let index = rank; index > 0; index--) recent[index] = recent[index - 1] ?? 0;
      } else {
        recent.copyWithin(1, 0, rank);
      }
      recent[0] = byte;
      counts[byte] = (counts[byte] ?? 0) + 1;
      column[length++] = byte;
    }
    reader.chunk = chunk;
    reader.at = at;
    reader.bits = bits;
    reader.count = count;
    this.#length = length;
  }

  /**
   * Makes the data a text again (Burrows and Wheeler, SRC 124).
   *
   * @param origin the row that is the text
   * @returns where the first byte is, and for each place its byte in the lowest 8 bits and the next
   * place in the others
   * @throws {CompressionError} there is no such row
   */
  sortBack(origin: number): { first: number; length: number; column: Uint32Array } {
    const column = this.#column;
    const length = this.#length;
    if (origin >= length) throw decompressionError("bzip2", "malformed header of a block");
    const places = this.#counts;
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = places[byte] ?? 0;
      places[byte] = sum;
      sum += count;
    }
    for (let index = 0; index < length; index++) {
      const byte = (column[index] ?? 0) & 0xff;
      const place = places[byte] ?? 0;
      places[byte] = place + 1;
      column[place] = (column[place] ?? 0) | index << 8;
    }
    return { first: (column[origin] ?? 0) >>> 8, length, column };
  }
}

function tooLong() {
  return decompressionError("bzip2", "a block is larger than its stream says");
}
