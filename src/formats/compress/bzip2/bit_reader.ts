import { unexpectedEnd } from "../compression_error.ts";

/**
 * A decoder that takes its input in chunks as they come: it yields null to ask for the next one, and
 * is resumed with it, or with null if there is none. It yields bytes as output.
 */
export type BitSteps<Result = void> = Generator<Uint8Array | null, Result, Uint8Array | null>;

/** Bits of an input, the highest of each byte first. */
export class BitReader {
  /** The chunk at hand, and how much of it was taken. */
  chunk: Uint8Array = new Uint8Array();
  at = 0;
  /** The lowest so many bits of `bits` were taken from the chunk and not used yet. */
  bits = 0;
  count = 0;

  /** The next so many bits, at most 24, as a number. @throws {CompressionError} there are fewer */
  *read(length: number): BitSteps<number> {
    while (this.count < length) {
      while (this.at === this.chunk.length) yield* this.next();
      this.bits = this.bits << 8 | (this.chunk[this.at++] ?? 0);
      this.count += 8;
    }
    this.count -= length;
    return this.bits >>> this.count & ((1 << length) - 1);
  }

  /** The next 32 bits as a signed number. */
  *readWord(): BitSteps<number> {
    const high = yield* this.read(16);
    return high << 16 | (yield* this.read(16));
  }

  /** The next 8 bits, which stay there. */
  *peekByte(): BitSteps<number> {
    const byte = yield* this.read(8);
    this.count += 8;
    return byte;
  }

  /** Passes over what is left of a byte. */
  align(): void {
    this.count -= this.count % 8;
  }

  /** Whether the input is over, between two bytes. */
  *isOver(): BitSteps<boolean> {
    while (this.count === 0 && this.at === this.chunk.length) {
      const chunk = yield null;
      if (chunk === null) return true;
      this.chunk = chunk;
      this.at = 0;
    }
    return false;
  }

  /** Takes the next chunk. @throws {CompressionError} there is none */
  *next(): BitSteps {
    const chunk = yield null;
    if (chunk === null) throw unexpectedEnd("bzip2");
    this.chunk = chunk;
    this.at = 0;
  }
}
