import { type CompressionError, decompressionError, unexpectedEnd } from "../compression_error.ts";
import {
  ADAPTATION,
  ALIGN,
  ALIGN_BITS,
  EVEN,
  FIRST_DIRECT_SLOT,
  FIRST_MATCH_STATE,
  IS_MATCH,
  IS_REP,
  IS_REP0_LONG,
  IS_REP_G0,
  LAST_LENGTH_CHOICE,
  LENGTH,
  LENGTH_CONTEXTS,
  LENGTH_HIGH,
  LENGTH_LOW,
  LENGTH_MIDDLE,
  LITERAL,
  LITERAL_SIZE,
  type LzmaProperties,
  MIN_MATCH,
  modelSize,
  OLDEST_REP,
  POSITION_SLOT,
  REP_LENGTH,
  SPECIAL_POSITIONS,
  stateAfterLiteral,
  stateAfterMatch,
  stateAfterRep,
  stateAfterShortRep,
  STATES,
} from "./lzma_model.ts";
import type { LzmaWindow } from "./lzma_window.ts";

/** How many bytes the range decoder reads before the first bit. */
const RANGE_HEADER = 5;
/** The distance, less one, that marks the end of the data. */
const END_MARKER = -1;
const BEFORE_DATA = "a match begins before the data";
const BEYOND_DATA = "a match goes beyond the data";

/** The part of the input that holds one run of the range coder, and where its output ends. */
export interface LzmaRun {
  input: Uint8Array;
  from: number;
  end: number;
  /** The position in the window at which to stop. */
  limit: number;
}

/** How a run ended. */
export interface LzmaRunEnd {
  /** Where in the input the range coder stopped reading. */
  at: number;
  /** Whether there was an end marker. */
  isMarked: boolean;
  /** Whether the range coder has used up everything, as it must where nothing follows. */
  isFinished: boolean;
}

/**
 * Decodes LZMA (lzma-specification.txt): everything that has to be remembered from one run of the
 * range coder to the next.
 *
 * One function holds the whole decoder, with its range coder written out wherever a bit is decoded
 * and kept in local variables: that is nearly twice as fast as calling for each bit.
 */
export class LzmaDecoder {
  readonly #format: string;
  #model: Uint16Array = new Uint16Array();
  #properties: LzmaProperties = { literalContextBits: 0, literalPositionBits: 0, positionBits: 0 };
  #state = 0;
  #reps = [0, 0, 0, 0];

  constructor(format: string) {
    this.#format = format;
  }

  /** Begins anew with other properties. */
  setProperties(properties: LzmaProperties): void {
    this.#properties = properties;
    this.#model = new Uint16Array(modelSize(properties));
    this.resetState();
  }

  /** Forgets what was learnt from the data so far. */
  resetState(): void {
    this.#model.fill(EVEN);
    this.#state = 0;
    this.#reps = [0, 0, 0, 0];
  }

  /**
   * Decodes up to the limit, for which the window has room, or to an end marker.
   *
   * @throws {CompressionError} the data are malformed or the input too short
   */
  decode(window: LzmaWindow, { input, from, end, limit }: LzmaRun): LzmaRunEnd {
    const output = window.bytes;
    const model = this.#model;
    const { literalContextBits, literalPositionBits, positionBits } = this.#properties;
    const literalContextShift = 8 - literalContextBits;
    const literalPositionMask = (1 << literalPositionBits) - 1;
    const positionMask = (1 << positionBits) - 1;
    const origin = window.origin;
    const start = Math.max(origin, 0);
    let to = window.position;
    let state = this.#state;
    let [rep0 = 0, rep1 = 0, rep2 = 0, rep3 = 0] = this.#reps;

    if (end - from < RANGE_HEADER) throw unexpectedEnd(this.#format);
    if (input[from] !== 0) throw decompressionError(this.#format, "no range coder");
    let code = new DataView(input.buffer, input.byteOffset + from + 1, 4).getInt32(0);
    let range = -1;
    let at = from + RANGE_HEADER;
    let probability: number;
    let bound: number;
    let index: number;
    let isMarked = false;

    while (to < limit) {
      // What is beyond the end has been read as whatever lies there, at most for one symbol.
      if (at > end) throw unexpectedEnd(this.#format);
      const positionContext = (to - origin) & positionMask;
      let isMatch = false;
      index = IS_MATCH + (state << 4) + positionContext;

      if (range >>> 24 === 0) {
        range <<= 8;
        code = code << 8 | (input[at++] ?? 0);
      }
      probability = model[index] ?? 0;
      bound = Math.imul(range >>> 11, probability);
      if (code >>> 0 < bound >>> 0) {
        range = bound;
        model[index] = probability + ((2048 - probability) >> ADAPTATION);
      } else {
        range = range - bound | 0;
        code = code - bound | 0;
        model[index] = probability - (probability >> ADAPTATION);
        isMatch = true;
      }

      if (!isMatch) {
        const previous = to > start ? output[to - 1] ?? 0 : 0;
        const context = (((to - origin) & literalPositionMask) << literalContextBits) +
          (previous >> literalContextShift);
        const tree = LITERAL + LITERAL_SIZE * context;
        let symbol = 1;
        if (state >= FIRST_MATCH_STATE) {
          // As long as the bits agree with the byte where the last match would go on, that byte's bits choose the trees.
          let expected = output[to - rep0 - 1] ?? 0;
          let agreeing = 0x100;
          while (symbol < 0x100) {
            expected <<= 1;
            const expectedBit = expected & agreeing;
            index = tree + agreeing + expectedBit + symbol;

            if (range >>> 24 === 0) {
              range <<= 8;
              code = code << 8 | (input[at++] ?? 0);
            }
            probability = model[index] ?? 0;
            bound = Math.imul(range >>> 11, probability);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              model[index] = probability + ((2048 - probability) >> ADAPTATION);
              symbol <<= 1;
              agreeing &= ~expectedBit;
            } else {
              range = range - bound | 0;
              code = code - bound | 0;
              model[index] = probability - (probability >> ADAPTATION);
              symbol = symbol << 1 | 1;
              agreeing &= expectedBit;
            }
          }
        } else {
          while (symbol < 0x100) {
            index = tree + symbol;

            if (range >>> 24 === 0) {
              range <<= 8;
              code = code << 8 | (input[at++] ?? 0);
            }
            probability = model[index] ?? 0;
            bound = Math.imul(range >>> 11, probability);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              model[index] = probability + ((2048 - probability) >> ADAPTATION);
              symbol <<= 1;
            } else {
              range = range - bound | 0;
              code = code - bound | 0;
              model[index] = probability - (probability >> ADAPTATION);
              symbol = symbol << 1 | 1;
            }
          }
        }
        output[to++] = symbol;
        state = stateAfterLiteral(state);
        continue;
      }

      let isRep = false;
      index = IS_REP + state;

      if (range >>> 24 === 0) {
        range <<= 8;
        code = code << 8 | (input[at++] ?? 0);
      }
      probability = model[index] ?? 0;
      bound = Math.imul(range >>> 11, probability);
      if (code >>> 0 < bound >>> 0) {
        range = bound;
        model[index] = probability + ((2048 - probability) >> ADAPTATION);
      } else {
        range = range - bound | 0;
        code = code - bound | 0;
        model[index] = probability - (probability >> ADAPTATION);
        isRep = true;
      }

      let lengthCoder = LENGTH;
      if (isRep) {
        lengthCoder = REP_LENGTH;
        let rep = 0;
        while (rep < OLDEST_REP) {
          index = IS_REP_G0 + STATES * rep + state;

          if (range >>> 24 === 0) {
            range <<= 8;
            code = code << 8 | (input[at++] ?? 0);
          }
          probability = model[index] ?? 0;
          bound = Math.imul(range >>> 11, probability);
          if (code >>> 0 < bound >>> 0) {
            range = bound;
            model[index] = probability + ((2048 - probability) >> ADAPTATION);
            break;
          } else {
            range = range - bound | 0;
            code = code - bound | 0;
            model[index] = probability - (probability >> ADAPTATION);
            rep++;
          }
        }
        if (rep === 0) {
          let isLong = false;
          index = IS_REP0_LONG + (state << 4) + positionContext;

          if (range >>> 24 === 0) {
            range <<= 8;
            code = code << 8 | (input[at++] ?? 0);
          }
          probability = model[index] ?? 0;
          bound = Math.imul(range >>> 11, probability);
          if (code >>> 0 < bound >>> 0) {
            range = bound;
            model[index] = probability + ((2048 - probability) >> ADAPTATION);
          } else {
            range = range - bound | 0;
            code = code - bound | 0;
            model[index] = probability - (probability >> ADAPTATION);
            isLong = true;
          }

          if (!isLong) {
            if (rep0 >= to - start) throw this.#impossible(BEFORE_DATA, at > end);
            output[to] = output[to - rep0 - 1] ?? 0;
            to++;
            state = stateAfterShortRep(state);
            continue;
          }
        } else {
          const distance = rep === 1 ? rep1 : rep === 2 ? rep2 : rep3;
          if (rep === 3) rep3 = rep2;
          if (rep >= 2) rep2 = rep1;
          rep1 = rep0;
          rep0 = distance;
        }
        state = stateAfterRep(state);
      }

      let choice = 0;
      while (choice < LAST_LENGTH_CHOICE) {
        index = lengthCoder + choice;

        if (range >>> 24 === 0) {
          range <<= 8;
          code = code << 8 | (input[at++] ?? 0);
        }
        probability = model[index] ?? 0;
        bound = Math.imul(range >>> 11, probability);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          model[index] = probability + ((2048 - probability) >> ADAPTATION);
          break;
        } else {
          range = range - bound | 0;
          code = code - bound | 0;
          model[index] = probability - (probability >> ADAPTATION);
          choice++;
        }
      }
      let tree = lengthCoder + LENGTH_HIGH;
      let treeSize = 256;
      if (choice < LAST_LENGTH_CHOICE) {
        tree = lengthCoder + (choice === 0 ? LENGTH_LOW : LENGTH_MIDDLE) + (positionContext << 3);
        treeSize = 8;
      }
      let symbol = 1;
      while (symbol < treeSize) {
        index = tree + symbol;

        if (range >>> 24 === 0) {
          range <<= 8;
          code = code << 8 | (input[at++] ?? 0);
        }
        probability = model[index] ?? 0;
        bound = Math.imul(range >>> 11, probability);
        if (code >>> 0 < bound >>> 0) {
          range = bound;
          model[index] = probability + ((2048 - probability) >> ADAPTATION);
          symbol <<= 1;
        } else {
          range = range - bound | 0;
          code = code - bound | 0;
          model[index] = probability - (probability >> ADAPTATION);
          symbol = symbol << 1 | 1;
        }
      }
      const length = MIN_MATCH + (choice << 3) + symbol - treeSize;

      if (!isRep) {
        rep3 = rep2;
        rep2 = rep1;
        rep1 = rep0;
        state = stateAfterMatch(state);
        tree = POSITION_SLOT + (Math.min(length - MIN_MATCH, LENGTH_CONTEXTS - 1) << 6);
        symbol = 1;
        while (symbol < 64) {
          index = tree + symbol;

          if (range >>> 24 === 0) {
            range <<= 8;
            code = code << 8 | (input[at++] ?? 0);
          }
          probability = model[index] ?? 0;
          bound = Math.imul(range >>> 11, probability);
          if (code >>> 0 < bound >>> 0) {
            range = bound;
            model[index] = probability + ((2048 - probability) >> ADAPTATION);
            symbol <<= 1;
          } else {
            range = range - bound | 0;
            code = code - bound | 0;
            model[index] = probability - (probability >> ADAPTATION);
            symbol = symbol << 1 | 1;
          }
        }
        const slot = symbol - 64;
        rep0 = slot;
        if (slot >= 4) {
          let bits = (slot >> 1) - 1;
          rep0 = (2 | (slot & 1)) << bits;
          tree = SPECIAL_POSITIONS + rep0 - slot;
          if (slot >= FIRST_DIRECT_SLOT) {
            tree = ALIGN;
            while (bits > ALIGN_BITS) {
              if (range >>> 24 === 0) {
                range <<= 8;
                code = code << 8 | (input[at++] ?? 0);
              }
              bits--;
              range >>>= 1;
              if (code >>> 0 >= range) {
                code = code - range | 0;
                rep0 += 1 << bits;
              }
            }
          }
          symbol = 1;
          for (let bit = 0; bit < bits; bit++) {
            index = tree + symbol;

            if (range >>> 24 === 0) {
              range <<= 8;
              code = code << 8 | (input[at++] ?? 0);
            }
            probability = model[index] ?? 0;
            bound = Math.imul(range >>> 11, probability);
            if (code >>> 0 < bound >>> 0) {
              range = bound;
              model[index] = probability + ((2048 - probability) >> ADAPTATION);
              symbol <<= 1;
            } else {
              range = range - bound | 0;
              code = code - bound | 0;
              model[index] = probability - (probability >> ADAPTATION);
              symbol = symbol << 1 | 1;
              rep0 += 1 << bit;
            }
          }
          rep0 |= 0;
          if (rep0 === END_MARKER) {
            isMarked = true;
            break;
          }
        }
      }

      if (rep0 < 0 || rep0 >= to - start) throw this.#impossible(BEFORE_DATA, at > end);
      if (length > limit - to) {
        throw this.#impossible(BEYOND_DATA, at > end);
      }
      for (const stop = to + length; to < stop; to++) output[to] = output[to - rep0 - 1] ?? 0;
    }
    if (range >>> 24 === 0) {
      range <<= 8;
      code = code << 8 | (input[at++] ?? 0);
    }
    if (at > end) throw unexpectedEnd(this.#format);

    window.position = to;
    this.#state = state;
    this.#reps = [rep0, rep1, rep2, rep3];
    return { at, isMarked, isFinished: code === 0 };
  }

  /** The error for a match that cannot be, unless it was made of bytes that are not there. */
  #impossible(match: string, isBeyondEnd: boolean): CompressionError {
    if (isBeyondEnd) return unexpectedEnd(this.#format);
    return decompressionError(this.#format, match);
  }
}
