import type { BitSteps } from "./bit_reader.ts";

/** After so many equal bytes comes the number of further ones. */
const RUN_START = 4;

/** Collects the output of blocks in chunks of a size. */
export class BlockOutput {
  readonly #size: number;
  readonly #crcTable = Int32Array.from({ length: 256 }, (_, byte) => crcOf(byte));
  #chunk = new Uint8Array();
  #fill = 0;

  constructor({ size }: { size: number }) {
    this.#size = size;
  }

  /**
   * Follows a text through its places (see `BlockData.sortBack`), expands its runs, and yields what
   * fills a chunk.
   *
   * @returns the CRC of the output
   */
  *write(text: { first: number; length: number; column: Uint32Array }): BitSteps<number> {
    const { first, length, column } = text;
    let place = first;
    const table = this.#crcTable;
    let chunk = this.#chunk;
    let fill = this.#fill;
    let crc = -1;
    let previous = 0;
    let equal = 0;
    for (let index = 0; index < length; index++) {
      const entry = column[place] ?? 0;
      place = entry >>> 8;
      const byte = entry & 0xff;
      let copies = 1;
      if (equal === RUN_START) {
        copies = byte;
        equal = 0;
      } else if (byte === previous) {
        equal++;
      } else {
        previous = byte;
        equal = 1;
      }
      for (; copies > 0; copies--) {
        if (fill === chunk.length) {
          if (fill > 0) yield chunk;
          chunk = new Uint8Array(this.#size);
          fill = 0;
        }
        chunk[fill++] = previous;
        crc = crc << 8 ^ (table[crc >>> 24 ^ previous] ?? 0);
      }
    }
    this.#chunk = chunk;
    this.#fill = fill;
    return ~crc;
  }

  /** What is left. */
  finish(): Uint8Array {
    return this.#chunk.subarray(0, this.#fill);
  }
}

/** Of one byte: CRC-32 with the polynomial of Ethernet, but the highest bit of each byte first. */
function crcOf(byte: number): number {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc << 1 ^ (0x04c11db7 & crc >> 31);
  return crc;
}
