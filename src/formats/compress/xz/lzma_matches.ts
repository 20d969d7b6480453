import { MAX_MATCH } from "./lzma_model.ts";

/** Sizes of the hash tables, as powers of two. */
const TRIPLE_HASH_BITS = 16;
const QUAD_HASH_BITS = 16;
/** How many bytes the longest hash looks at; nearer to the end nothing is found. */
const HASH_LENGTH = 4;
/** How many earlier positions of the same hash are looked at. */
const MAX_TRIES = 48;
/** A match of this length is taken without looking for a longer one. */
export const NICE_LENGTH = 96;

/** Finds earlier occurrences of what comes next, with chains of positions of the same hash. */
export class LzmaMatches {
  /** The matches last found, each longer and farther than the one before it. */
  count = 0;
  readonly lengths = new Int32Array(MAX_MATCH);
  readonly distances = new Int32Array(MAX_MATCH);

  readonly #input: Uint8Array;
  /** The last position of each two bytes, and of each hash of three and four bytes, plus one. */
  readonly #pairs = new Int32Array(1 << 16);
  readonly #triples = new Int32Array(1 << TRIPLE_HASH_BITS);
  readonly #quads = new Int32Array(1 << QUAD_HASH_BITS);
  /** The position before with the same hash of four bytes, plus one. */
  readonly #previous: Int32Array;
  #best = 1;

  constructor(input: Uint8Array) {
    this.#input = input;
    this.#previous = new Int32Array(input.length);
  }

  /** Finds the matches at a position and takes it into the tables. To be called once for each. */
  find(at: number): void {
    this.count = 0;
    this.#best = 1;
    if (this.#input.length - at < HASH_LENGTH) return;
    const word = this.#word(at);
    const pair = this.#pairs[word & 0xffff] ?? 0;
    const triple = this.#triples[hash(word << 8, TRIPLE_HASH_BITS)] ?? 0;
    let quad = this.#quads[hash(word, QUAD_HASH_BITS)] ?? 0;
    this.#enter(at, word);

    if (pair > 0) this.#compare(at, pair - 1);
    if (triple > 0) this.#compare(at, triple - 1);
    for (let tries = MAX_TRIES; quad > 0 && tries > 0 && this.#best < NICE_LENGTH; tries--) {
      this.#compare(at, quad - 1);
      quad = this.#previous[quad - 1] ?? 0;
    }
  }

  /** Takes positions into the tables without looking for matches. */
  skip(from: number, end: number): void {
    const last = Math.min(end, this.#input.length - HASH_LENGTH + 1);
    for (let at = from; at < last; at++) this.#enter(at, this.#word(at));
  }

  #word(at: number): number {
    const input = this.#input;
    return (input[at] ?? 0) | (input[at + 1] ?? 0) << 8 | (input[at + 2] ?? 0) << 16 |
      (input[at + 3] ?? 0) << 24;
  }

  #enter(at: number, word: number): void {
    const slot = hash(word, QUAD_HASH_BITS);
    this.#previous[at] = this.#quads[slot] ?? 0;
    this.#quads[slot] = at + 1;
    this.#pairs[word & 0xffff] = at + 1;
    this.#triples[hash(word << 8, TRIPLE_HASH_BITS)] = at + 1;
  }

  /** Notes the match with an earlier position if it is longer than all before. */
  #compare(at: number, candidate: number): void {
    const input = this.#input;
    if (input[candidate + this.#best] !== input[at + this.#best]) return;
    const limit = Math.min(MAX_MATCH, input.length - at);
    let length = 0;
    while (length < limit && input[candidate + length] === input[at + length]) length++;
    if (length <= this.#best) return;
    this.#best = length;
    this.lengths[this.count] = length;
    this.distances[this.count] = at - candidate;
    this.count++;
  }
}

/** Spreads a word over so many bits (Fibonacci hashing). */
function hash(word: number, bits: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - bits);
}
