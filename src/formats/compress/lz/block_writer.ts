/** From how many bytes on a native copy is faster than a loop. */
const NATIVE_COPY_LENGTH = 48;

/** The output of a block encoder, with room for the worst case, so nothing is checked. */
export class BlockWriter {
  readonly #input: Uint8Array;
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(input: Uint8Array, capacity: number) {
    this.#input = input;
    this.#bytes = new Uint8Array(capacity);
  }

  /** Where the next byte goes. */
  get length(): number {
    return this.#length;
  }

  /** What was written so far. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  /** Sets bits in a byte that was written before. */
  addBits(at: number, bits: number): void {
    this.#bytes[at] = (this.#bytes[at] ?? 0) | bits;
  }

  /** Writes a part of the input. */
  copyInput(from: number, end: number): void {
    const bytes = this.#bytes;
    const input = this.#input;
    let to = this.#length;
    this.#length = to + end - from;
    if (end - from >= NATIVE_COPY_LENGTH) bytes.set(input.subarray(from, end), to);
    else while (from < end) bytes[to++] = input[from++] ?? 0;
  }
}
