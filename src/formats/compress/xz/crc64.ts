/** The polynomial of ECMA-182, bits reversed, in two halves. */
const POLYNOMIAL_HIGH = 0xc96c5795 | 0;
const POLYNOMIAL_LOW = 0xd7870f42 | 0;
/** How many bytes one step takes. */
const STRIDE = 4;

/** CRC-64 as xz has it (xz-file-format.txt §6), in 32-bit halves for want of a fast 64-bit type. */
export class Crc64 {
  /** Four tables of 256, each for a byte followed by so many zero bytes. */
  readonly #highTable = new Int32Array(256 * STRIDE);
  readonly #lowTable = new Int32Array(256 * STRIDE);
  #high = -1;
  #low = -1;

  constructor() {
    for (let index = 0; index < 256 * STRIDE; index++) {
      const before = index - 256;
      let high = before < 0 ? 0 : this.#highTable[before] ?? 0;
      let low = before < 0 ? index : this.#lowTable[before] ?? 0;
      for (let bit = 0; bit < 8; bit++) {
        const carry = -(low & 1);
        low = (low >>> 1 | high << 31) ^ (POLYNOMIAL_LOW & carry);
        high = high >>> 1 ^ (POLYNOMIAL_HIGH & carry);
      }
      this.#highTable[index] = high;
      this.#lowTable[index] = low;
    }
  }

  update(bytes: Uint8Array): void {
    const highTable = this.#highTable;
    const lowTable = this.#lowTable;
    let high = this.#high;
    let low = this.#low;
    let at = 0;
    for (const end = bytes.length - bytes.length % STRIDE; at < end; at += STRIDE) {
      const first = 768 + ((low ^ (bytes[at] ?? 0)) & 0xff);
      const second = 512 + ((low >>> 8 ^ (bytes[at + 1] ?? 0)) & 0xff);
      const third = 256 + ((low >>> 16 ^ (bytes[at + 2] ?? 0)) & 0xff);
      const fourth = low >>> 24 ^ (bytes[at + 3] ?? 0);
      low = high ^ (lowTable[first] ?? 0) ^ (lowTable[second] ?? 0) ^ (lowTable[third] ?? 0) ^
        (lowTable[fourth] ?? 0);
      high = (highTable[first] ?? 0) ^ (highTable[second] ?? 0) ^ (highTable[third] ?? 0) ^
        (highTable[fourth] ?? 0);
    }
    for (; at < bytes.length; at++) {
      const index = (low ^ (bytes[at] ?? 0)) & 0xff;
      low = (low >>> 8 | high << 24) ^ (lowTable[index] ?? 0);
      high = high >>> 8 ^ (highTable[index] ?? 0);
    }
    this.#high = high;
    this.#low = low;
  }

  /** The sum over everything so far, as its eight bytes lie in a file. */
  digest(): Uint8Array {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, ~this.#low, true);
    view.setInt32(4, ~this.#high, true);
    return bytes;
  }
}
