import {
  ALIGN,
  ALIGN_BITS,
  EVEN,
  FIRST_DIRECT_SLOT,
  FIRST_MATCH_STATE,
  IS_MATCH,
  IS_REP,
  IS_REP0_LONG,
  IS_REP_G0,
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
import { RangeEncoder } from "./range_encoder.ts";

/** The most bytes a symbol may take, generously. */
const SYMBOL_LENGTH = 64;

/** Encodes literals and matches as LZMA; what they are is up to the caller. */
export class LzmaEncoder {
  /** The last four distances of matches, latest first. */
  readonly reps = [1, 1, 1, 1];
  readonly #input: Uint8Array;
  readonly #properties: LzmaProperties;
  readonly #model: Uint16Array;
  readonly #coder: RangeEncoder;
  readonly #maxRun: number;
  #state = 0;
  /** Where in the input the next symbol begins. */
  #at = 0;

  /** A run of the range coder takes at most `maxRun` bytes. */
  constructor(input: Uint8Array, options: { properties: LzmaProperties; maxRun: number }) {
    this.#input = input;
    this.#properties = options.properties;
    this.#maxRun = options.maxRun;
    this.#model = new Uint16Array(modelSize(options.properties));
    this.#coder = new RangeEncoder(this.#model, options.maxRun);
    this.reset();
  }

  get at(): number {
    return this.#at;
  }

  /** Whether the run has no room for another symbol. */
  get isFull(): boolean {
    return this.#coder.length > this.#maxRun - SYMBOL_LENGTH;
  }

  /** Forgets what was learnt from the data so far. */
  reset(): void {
    this.#model.fill(EVEN);
    this.reps.fill(1);
    this.#state = 0;
  }

  /** Ends a run of the range coder and returns it; it is valid until the next symbol. */
  finishRun(): Uint8Array {
    const run = this.#coder.finish();
    this.#coder.restart();
    return run;
  }

  literal(): void {
    const at = this.#at;
    const input = this.#input;
    const { literalContextBits, literalPositionBits } = this.#properties;
    const byte = input[at] ?? 0;
    const previous = at > 0 ? input[at - 1] ?? 0 : 0;
    const context = ((at & ((1 << literalPositionBits) - 1)) << literalContextBits) +
      (previous >> (8 - literalContextBits));
    const tree = LITERAL + LITERAL_SIZE * context;
    this.#coder.bit(IS_MATCH + (this.#state << 4) + this.#positionContext(), 0);
    if (this.#state < FIRST_MATCH_STATE) {
      this.#coder.tree(tree, 0x100 | byte);
    } else {
      // As long as the bits agree with the byte the last match would go on with, that byte's bits
      // choose the trees.
      const expected = input[at - (this.reps[0] ?? 1)] ?? 0;
      let agreeing = 0x100;
      let node = 1;
      for (let shift = 7; shift >= 0; shift--) {
        const bit = byte >> shift & 1;
        const expectedBit = expected << (8 - shift) & agreeing;
        this.#coder.bit(tree + agreeing + expectedBit + node, bit);
        node = node << 1 | bit;
        agreeing &= bit === 1 ? expectedBit : ~expectedBit;
      }
    }
    this.#state = stateAfterLiteral(this.#state);
    this.#at++;
  }

  /** A match at a distance that is none of the last four. */
  match(distance: number, length: number): void {
    const coder = this.#coder;
    const positionContext = this.#positionContext();
    coder.bit(IS_MATCH + (this.#state << 4) + positionContext, 1);
    coder.bit(IS_REP + this.#state, 0);
    this.#length(LENGTH, length);

    const value = distance - 1;
    const slot = distanceSlot(value);
    const lengthContext = Math.min(length - MIN_MATCH, LENGTH_CONTEXTS - 1);
    coder.tree(POSITION_SLOT + (lengthContext << 6), 0x40 | slot);
    if (slot >= 4) {
      const bits = (slot >> 1) - 1;
      const base = (2 | slot & 1) << bits;
      if (slot < FIRST_DIRECT_SLOT) {
        coder.reverseTree(SPECIAL_POSITIONS + base - slot, 1 << bits | value - base);
      } else {
        coder.direct((value - base) >>> ALIGN_BITS, bits - ALIGN_BITS);
        coder.reverseTree(ALIGN, 1 << ALIGN_BITS | value & (1 << ALIGN_BITS) - 1);
      }
    }
    this.reps.unshift(distance);
    this.reps.pop();
    this.#state = stateAfterMatch(this.#state);
    this.#at += length;
  }

  /** A match at one of the last four distances. */
  rep(which: number, length: number): void {
    this.#announceRep(which);
    if (which === 0) {
      this.#coder.bit(IS_REP0_LONG + (this.#state << 4) + this.#positionContext(), 1);
    }
    this.#length(REP_LENGTH, length);
    this.reps.unshift(...this.reps.splice(which, 1));
    this.#state = stateAfterRep(this.#state);
    this.#at += length;
  }

  /** One byte at the last distance. */
  shortRep(): void {
    this.#announceRep(0);
    this.#coder.bit(IS_REP0_LONG + (this.#state << 4) + this.#positionContext(), 0);
    this.#state = stateAfterShortRep(this.#state);
    this.#at++;
  }

  #positionContext(): number {
    return this.#at & ((1 << this.#properties.positionBits) - 1);
  }

  #announceRep(which: number): void {
    const coder = this.#coder;
    coder.bit(IS_MATCH + (this.#state << 4) + this.#positionContext(), 1);
    coder.bit(IS_REP + this.#state, 1);
    for (let older = 0; older < OLDEST_REP; older++) {
      coder.bit(IS_REP_G0 + STATES * older + this.#state, which > older ? 1 : 0);
      if (which === older) break;
    }
  }

  #length(lengthCoder: number, length: number): void {
    const coder = this.#coder;
    const value = length - MIN_MATCH;
    const context = this.#positionContext() << 3;
    coder.bit(lengthCoder, value < 8 ? 0 : 1);
    if (value < 8) {
      coder.tree(lengthCoder + LENGTH_LOW + context, 8 | value);
      return;
    }
    coder.bit(lengthCoder + 1, value < 16 ? 0 : 1);
    if (value < 16) coder.tree(lengthCoder + LENGTH_MIDDLE + context, 8 | value - 8);
    else coder.tree(lengthCoder + LENGTH_HIGH, 0x100 | value - 16);
  }
}

/** Slots are the two highest bits of a distance and where these are. */
function distanceSlot(value: number): number {
  if (value < 4) return value;
  const highest = 31 - Math.clz32(value);
  return highest << 1 | value >>> (highest - 1) & 1;
}
