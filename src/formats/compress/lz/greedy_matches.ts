/** Matches are found by their first bytes, so this many at least. */
const MIN_MATCH = 4;
/** Sizes of the hash table, as powers of two. */
const MIN_HASH_BITS = 8;
const MAX_HASH_BITS = 14;
/** After 2^6 positions without a match, every second one is tried, later every third, and so on. */
const SKIP_SHIFT = 6;

/** What a format asks of its matches. */
export interface MatchLimits {
  maxDistance: number;
  /** No match begins within this many bytes of the end. */
  startMargin: number;
  /** No match ends within this many bytes of the end. */
  endMargin: number;
}

/**
 * Splits input into literals and matches, taking every match at once: the fast way of LZ4 and
 * LZO1X-1. Each call of next() finds one match, described by the fields.
 */
export class GreedyMatches {
  /** Where the literals before the match begin; after the last one, those at the end. */
  literals = 0;
  /** Where the match begins and the literals end. */
  start = 0;
  /** How far back the match lies. */
  distance = 0;
  length = 0;

  readonly #input: Uint8Array;
  readonly #view: DataView;
  /** The last position of each hash of four bytes. */
  readonly #table: Int32Array;
  readonly #hashShift: number;
  readonly #maxDistance: number;
  readonly #startBefore: number;
  readonly #endAt: number;

  constructor(input: Uint8Array, limits: MatchLimits) {
    this.#input = input;
    this.#view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    const inputBits = 32 - Math.clz32(input.length);
    const hashBits = Math.max(MIN_HASH_BITS, Math.min(MAX_HASH_BITS, inputBits));
    this.#table = new Int32Array(1 << hashBits);
    this.#hashShift = 32 - hashBits;
    this.#maxDistance = limits.maxDistance;
    this.#startBefore = input.length - Math.max(limits.startMargin, MIN_MATCH) + 1;
    this.#endAt = input.length - limits.endMargin;
  }

  /** Finds the next match; false if there is none. */
  next(): boolean {
    const input = this.#input;
    const view = this.#view;
    const table = this.#table;
    const hashShift = this.#hashShift;
    const startBefore = this.#startBefore;
    const literals = this.start + this.length;
    this.literals = literals;

    let at = literals;
    if (at === 0) {
      at = 1;
    } else if (at < startBefore) {
      table[hash(view.getUint32(at - 2, true)) >>> hashShift] = at - 2;
    }
    for (let misses = 1 << SKIP_SHIFT; at < startBefore; at += misses++ >> SKIP_SHIFT) {
      const word = view.getUint32(at, true);
      const slot = hash(word) >>> hashShift;
      let candidate = table[slot] ?? 0;
      table[slot] = at;
      if (view.getUint32(candidate, true) !== word || at - candidate > this.#maxDistance) continue;

      let end = at + MIN_MATCH;
      const distance = at - candidate;
      const endAt = this.#endAt;
      while (end < endAt && input[end] === input[end - distance]) end++;
      while (at > literals && candidate > 0 && input[at - 1] === input[candidate - 1]) {
        at--;
        candidate--;
      }
      this.start = at;
      this.distance = distance;
      this.length = end - at;
      return true;
    }
    return false;
  }
}

/** Spreads a word over 32 bits, of which the upper ones are best (Fibonacci hashing). */
function hash(word: number): number {
  return Math.imul(word, 0x9e3779b1);
}
