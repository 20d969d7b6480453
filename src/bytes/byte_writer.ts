import type { ByteString } from "./byte_string.ts";

const FIRST_CAPACITY = 256;

/**
 * Writes a little-endian layout field by field into memory that grows as needed.
 *
 * Numbers are cut to the width of their field, as in C; what must not be cut is checked by whoever
 * knows the field's meaning.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;

  constructor(capacity = FIRST_CAPACITY) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    const at = this.#advance(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#advance(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#advance(4);
    this.#view.setUint32(at, value, true);
  }

  /** A 64-bit field from a number. @throws {RangeError} not an integer from 0 to 2^53 - 1 */
  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${value} does not fit a 64-bit field`);
    }
    const at = this.#advance(8);
    this.#view.setUint32(at, value % 0x100000000, true);
    this.#view.setUint32(at + 4, Math.floor(value / 0x100000000), true);
  }

  /** A 64-bit field of any value, such as a mask. */
  bigU64(value: bigint): void {
    const at = this.#advance(8);
    this.#view.setBigUint64(at, value, true);
  }

  bytes(value: Uint8Array): void {
    const at = this.#advance(value.length);
    this.#bytes.set(value, at);
  }

  byteString(value: ByteString): void {
    const at = this.#advance(value.length);
    const bytes = this.#bytes;
    for (let index = 0; index < value.length; index++) bytes[at + index] = value.charCodeAt(index);
  }

  /** Zeros. */
  zeros(length: number): void {
    const at = this.#advance(length);
    this.#bytes.fill(0, at, at + length);
  }

  /** Everything written so far, as a view that stays valid until the next write or clear. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Starts again, keeping the memory. */
  clear(): void {
    this.#length = 0;
  }

  #advance(length: number): number {
    const at = this.#length;
    const end = at + length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#length = end;
    return at;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
