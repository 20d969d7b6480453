/** Positions keep their value modulo this, the largest alignment that LZMA contexts look at. */
const ALIGNMENT = 16;

/**
 * The last output of an LZMA decoder: a buffer that slides over the data.
 *
 * It holds at least the dictionary, grows only as data come, and to no more than one and a half
 * times the dictionary and the room asked for.
 */
export class LzmaWindow {
  bytes: Uint8Array = new Uint8Array();
  /** Where the next byte goes. */
  position = 0;
  /** Where the data begin that matches may reach; negative when that has left the buffer. */
  origin = 0;
  readonly #kept: number;

  /** The size of the dictionary is in bytes. */
  constructor(dictionarySize: number) {
    this.#kept = dictionarySize + ALIGNMENT;
  }

  /** Makes room for `length` more bytes, which may move those that are there. */
  reserve(length: number): void {
    const limit = this.#kept + (this.#kept >> 1) + length;
    if (this.position + length > limit) this.#slide();
    const needed = this.position + length;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.min(limit, Math.max(needed, 2 * this.bytes.length)));
      grown.set(this.bytes.subarray(0, this.position));
      this.bytes = grown;
    }
  }

  #slide(): void {
    const surplus = this.position - this.#kept;
    const shift = surplus - surplus % ALIGNMENT;
    this.bytes.copyWithin(0, shift, this.position);
    this.position -= shift;
    // Once it is negative only its value modulo the alignment matters.
    if (this.origin >= 0) this.origin -= shift;
  }
}
