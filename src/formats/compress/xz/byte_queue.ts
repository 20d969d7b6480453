/** Bytes that arrive in chunks of any size and are taken in pieces of the reader's choice. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Takes the next bytes, so many of which must wait; copies them only if they span chunks. */
  take(length: number): Uint8Array {
    let piece = this.#takeFirst(length);
    if (piece.length < length) {
      const whole = new Uint8Array(length);
      let to = 0;
      for (; piece.length > 0; piece = this.#takeFirst(length - to)) {
        whole.set(piece, to);
        to += piece.length;
      }
      return whole;
    }
    return piece;
  }

  /** Takes as much of the first chunk as it has. */
  #takeFirst(length: number): Uint8Array {
    const chunk = this.#chunks[0] ?? new Uint8Array();
    const piece = chunk.subarray(0, length);
    if (piece.length < chunk.length) this.#chunks[0] = chunk.subarray(length);
    else this.#chunks.shift();
    this.#length -= piece.length;
    return piece;
  }
}
