import type { StreamFilter } from "./stream_filter.ts";

/**
 * Undoes the delta filter of xz (xz-file-format.txt §5.3.3): each byte was replaced by its difference
 * to the one so many bytes before.
 */
export class DeltaFilter implements StreamFilter {
  /** The last bytes, as many as the distance is long. */
  #history: Uint8Array;

  /** @param distance in bytes, 1 to 256 */
  constructor(distance: number) {
    this.#history = new Uint8Array(distance);
  }

  update(piece: Uint8Array): Uint8Array {
    const distance = this.#history.length;
    const bytes = new Uint8Array(distance + piece.length);
    bytes.set(this.#history);
    bytes.set(piece, distance);
    for (let at = distance; at < bytes.length; at++) {
      bytes[at] = (bytes[at] ?? 0) + (bytes[at - distance] ?? 0);
    }
    this.#history = bytes.slice(bytes.length - distance);
    return bytes.subarray(distance);
  }

  finish(): Uint8Array {
    return new Uint8Array();
  }
}
