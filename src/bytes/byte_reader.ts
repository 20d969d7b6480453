import { type ByteString, byteString } from "./byte_string.ts";

/**
 * Reads a fixed little-endian layout field by field.
 *
 * Every method throws RangeError when the field would pass the end of the bytes.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next field. */
  get position(): number {
    return this.#position;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** A 64-bit field that a number can hold; throws RangeError when it is 2^53 or more. */
  u64(): number {
    const at = this.#advance(8);
    const high = this.#view.getUint32(at + 4, true);
    if (high >= 0x200000) throw new RangeError(`64-bit field at ${at} is 2^53 or more`);
    return high * 0x100000000 + this.#view.getUint32(at, true);
  }

  /** A 64-bit field of any value, such as a mask. */
  bigU64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** The next bytes, as a view of the same memory. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  byteString(length: number): ByteString {
    const at = this.#advance(length);
    return byteString(this.#bytes, at, at + length);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  #advance(length: number): number {
    const at = this.#position;
    if (!(length >= 0 && length <= this.#bytes.length - at)) {
      throw new RangeError(`${length} bytes at ${at} pass the end at ${this.#bytes.length}`);
    }
    this.#position = at + length;
    return at;
  }
}
