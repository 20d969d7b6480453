import type { LzmaEncoder } from "./lzma_encoder.ts";
import { LzmaMatches, NICE_LENGTH } from "./lzma_matches.ts";
import { MAX_MATCH, MIN_MATCH } from "./lzma_model.ts";

/** A match of two bytes is worth its while only up to this distance. */
const MAX_SHORT_DISTANCE = 0x80;
/** A distance so many times (as a power of two) larger costs more than a byte of length gains. */
const FAR_SHIFT = 7;

interface Match {
  distance: number;
  length: number;
}

/**
 * Chooses how LZMA is to say what the input says: the longest match, unless a recent distance does
 * nearly as well or a better match begins one byte later.
 */
export class LzmaParser {
  readonly #input: Uint8Array;
  readonly #encoder: LzmaEncoder;
  readonly #matches: LzmaMatches;
  /** Whether the matches at the current position have been found. */
  #isFound = false;

  constructor(input: Uint8Array, encoder: LzmaEncoder) {
    this.#input = input;
    this.#encoder = encoder;
    this.#matches = new LzmaMatches(input);
  }

  /** Encodes the next symbol. */
  step(): void {
    const encoder = this.#encoder;
    const matches = this.#matches;
    const at = encoder.at;
    if (!this.#isFound) matches.find(at);
    this.#isFound = false;

    const { distance, length } = this.#bestMatch();
    let which = -1;
    let repLength = MIN_MATCH - 1;
    for (let index = 0; index < encoder.reps.length; index++) {
      const candidate = this.#lengthAt(at, encoder.reps[index] ?? 1);
      if (candidate > repLength) {
        which = index;
        repLength = candidate;
      }
    }
    const isRepBetter = which >= 0 && (repLength >= NICE_LENGTH || repLength + 1 >= length ||
      repLength + 2 >= length && distance >= 1 << 9 ||
      repLength + 3 >= length && distance >= 1 << 15);
    if (isRepBetter) {
      encoder.rep(which, repLength);
      matches.skip(at + 1, encoder.at);
      return;
    }
    if (
      length >= MIN_MATCH && (length >= NICE_LENGTH || !this.#isNextBetter({ distance, length }))
    ) {
      encoder.match(distance, length);
      matches.skip(at + (this.#isFound ? 2 : 1), encoder.at);
      this.#isFound = false;
      return;
    }
    if (at > 0 && this.#input[at] === this.#input[at - (encoder.reps[0] ?? 1)]) encoder.shortRep();
    else encoder.literal();
  }

  /** The match to prefer among those found. */
  #bestMatch(): Match {
    const { lengths, distances } = this.#matches;
    let last = this.#matches.count - 1;
    if (last < 0) return { distance: 0, length: 0 };
    while (
      last > 0 && lengths[last] === (lengths[last - 1] ?? 0) + 1 &&
      isMuchFarther(distances[last] ?? 0, distances[last - 1] ?? 0)
    ) last--;
    const match = { distance: distances[last] ?? 0, length: lengths[last] ?? 0 };
    const isPoor = match.length === MIN_MATCH && match.distance > MAX_SHORT_DISTANCE;
    return isPoor ? { distance: 0, length: 0 } : match;
  }

  /** Whether it is better to encode one byte alone and go on with a match at the next. */
  #isNextBetter({ distance, length }: Match): boolean {
    const at = this.#encoder.at;
    this.#matches.find(at + 1);
    this.#isFound = true;
    const next = this.#bestMatch();
    if (next.length > length + 1) return true;
    if (next.length === length + 1 && !isMuchFarther(next.distance, distance)) return true;
    if (next.length === length && next.distance < distance) return true;
    if (
      next.length === length - 1 && length > MIN_MATCH && isMuchFarther(distance, next.distance)
    ) {
      return true;
    }
    return this.#encoder.reps.some((rep) =>
      this.#lengthAt(at + 1, rep) >= Math.max(MIN_MATCH, length - 1)
    );
  }

  /** How long the match is at a position with what lies `distance` bytes before. */
  #lengthAt(at: number, distance: number): number {
    const input = this.#input;
    if (distance > at) return 0;
    const end = Math.min(at + MAX_MATCH, input.length);
    let to = at;
    while (to < end && input[to] === input[to - distance]) to++;
    return to - at;
  }
}

function isMuchFarther(distance: number, other: number): boolean {
  return distance >>> FAR_SHIFT > other;
}
