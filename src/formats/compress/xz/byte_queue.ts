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
    this.#length -= length;
    const first = this.#chunks[0];
    if (first !== undefined && first.length > length) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first?.length === length) {
      this.#chunks.shift();
      return first;
    }

    const whole = new Uint8Array(length);
    let to = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, length - to);
      whole.set(part, to);
      to += part.length;
      if (part.length < chunk.length) {
        this.#chunks[used] = chunk.subarray(part.length);
        break;
      }
      used++;
    }
    this.#chunks.splice(0, used);
    return whole;
  }
}
