import { decompressionError } from "../compression_error.ts";

/** The longest code word, in bits. */
export const MAX_CODE_LENGTH = 20;
/** Words up to this long are looked up, longer ones are searched for by their length. */
export const SHORT_LENGTH = 10;

/** A canonical prefix code: the words of each length are consecutive numbers, in order of symbols. */
export class PrefixCode {
  /**
   * For each SHORT_LENGTH bits the word that they begin with: its symbol times 32, plus its length;
   * 0 where the word is longer.
   */
  readonly short = new Uint16Array(1 << SHORT_LENGTH);
  /** By length: the number after the last word, and what makes an index of `#symbols` of a word. */
  readonly #limits = new Int32Array(MAX_CODE_LENGTH + 1);
  readonly #offsets = new Int32Array(MAX_CODE_LENGTH + 1);
  /** Symbols by length. */
  readonly #symbols: Uint16Array;
  readonly #isPossible: boolean;

  /** @param lengths of the word of each symbol, 1 to MAX_CODE_LENGTH bits */
  constructor(lengths: Uint8Array) {
    this.#symbols = new Uint16Array(lengths.length);
    const counts = new Uint16Array(MAX_CODE_LENGTH + 1);
    for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
    const places = new Uint16Array(MAX_CODE_LENGTH + 1);
    let word = 0;
    let place = 0;
    let isPossible = true;
    for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
      const count = counts[length] ?? 0;
      places[length] = place;
      this.#offsets[length] = place - word;
      word += count;
      place += count;
      this.#limits[length] = word;
      isPossible &&= word <= 1 << length;
      word <<= 1;
    }
    this.#isPossible = isPossible;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol] ?? 0;
      const at = places[length] ?? 0;
      places[length] = at + 1;
      this.#symbols[at] = symbol;
      if (!isPossible || length > SHORT_LENGTH) continue;
      const free = SHORT_LENGTH - length;
      const first = (at - (this.#offsets[length] ?? 0)) << free;
      this.short.fill(symbol << 5 | length, first, first + (1 << free));
    }
  }

  /** Says that words are to be read. @throws {CompressionError} there are too many for their lengths */
  use(): void {
    if (!this.#isPossible) throw decompressionError("bzip2", "impossible code lengths");
  }

  /**
   * The long word that MAX_CODE_LENGTH bits begin with, as in `short`.
   *
   * @throws {CompressionError} there is none
   */
  long(bits: number): number {
    for (let length = SHORT_LENGTH + 1; length <= MAX_CODE_LENGTH; length++) {
      const word = bits >>> (MAX_CODE_LENGTH - length);
      if (word < (this.#limits[length] ?? 0)) {
        return (this.#symbols[word + (this.#offsets[length] ?? 0)] ?? 0) << 5 | length;
      }
    }
    throw decompressionError("bzip2", "unknown code word");
  }
}
