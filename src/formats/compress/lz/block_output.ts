import { decompressionError, outputTooLarge } from "../compression_error.ts";
import { BLOCK_SLACK, maxOutputOf, type OutputRoom } from "../output_room.ts";

/** From how many bytes on a native copy is faster than a loop. */
const NATIVE_COPY_LENGTH = 64;
/** A copy by words may run this many bytes, less one, over its end: less than BLOCK_SLACK. */
const WORD = 4;

/** The output of a Lempel-Ziv decoder, made of bytes of the input and of repeated output. */
export class BlockOutput {
  readonly #format: string;
  readonly #input: Uint8Array;
  readonly #maxOutput: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #length = 0;

  constructor(format: string, { input, room }: { input: Uint8Array; room: OutputRoom }) {
    const bytes = typeof room === "number" ? new Uint8Array(room + BLOCK_SLACK) : room;
    this.#format = format;
    this.#input = input;
    this.#maxOutput = maxOutputOf(room);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** What was written so far. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Appends `length` bytes of the input, which the caller knows to be there.
   *
   * @throws {CompressionError} there is no room for them
   */
  copyInput(from: number, length: number): void {
    const bytes = this.#bytes;
    const to = this.#length;
    if (length > this.#maxOutput - to) throw outputTooLarge(this.#format, this.#maxOutput);
    this.#length = to + length;
    const input = this.#input;
    if (length > NATIVE_COPY_LENGTH) {
      bytes.set(input.subarray(from, from + length), to);
    } else {
      for (let index = 0; index < length; index++) bytes[to + index] = input[from + index] ?? 0;
    }
  }

  /**
   * Appends what was written `distance` bytes ago; when `length` is more than that, bytes just
   * appended are repeated in turn.
   *
   * @throws {CompressionError} so much was not written yet, or there is no room
   */
  repeat(distance: number, length: number): void {
    const bytes = this.#bytes;
    const to = this.#length;
    const from = to - distance;
    if (distance === 0 || from < 0) {
      throw decompressionError(this.#format, "a match begins before the data");
    }
    if (length > this.#maxOutput - to) throw outputTooLarge(this.#format, this.#maxOutput);
    this.#length = to + length;
    if (distance >= WORD && length <= NATIVE_COPY_LENGTH) {
      const view = this.#view;
      for (let index = 0; index < length; index += WORD) {
        view.setUint32(to + index, view.getUint32(from + index, true), true);
      }
    } else if (distance >= length) {
      bytes.copyWithin(to, from, from + length);
    } else if (distance === 1) {
      bytes.fill(bytes[from] ?? 0, to, to + length);
    } else {
      for (let index = 0; index < length; index++) bytes[to + index] = bytes[from + index] ?? 0;
    }
  }
}
