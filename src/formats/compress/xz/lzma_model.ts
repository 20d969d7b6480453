/**
 * Where the adaptive probabilities of LZMA lie in one array, after the names of the LZMA
 * specification (lzma-specification.txt), and how its states follow each other.
 */

/** An even chance, in units of 1/2048. */
export const EVEN = 1024;
/** How fast probabilities adapt: by 1/32 of what is missing. */
export const ADAPTATION = 5;

export const STATES = 12;
/** States below this one follow a literal. */
export const FIRST_MATCH_STATE = 7;
/** Room for all low bits of a position that contexts may look at. */
const POSITIONS = 16;

export const IS_MATCH = 0;
export const IS_REP = IS_MATCH + STATES * POSITIONS;
export const IS_REP_G0 = IS_REP + STATES;
/** How many of the last four distances are older than the last one; each older one costs a bit. */
export const OLDEST_REP = 3;
export const IS_REP0_LONG = IS_REP_G0 + OLDEST_REP * STATES;
/** One tree of 6 bits for each of the shortest lengths. */
export const POSITION_SLOT = IS_REP0_LONG + STATES * POSITIONS;
export const LENGTH_CONTEXTS = 4;
/** Reverse trees for the distances of slots 4–13, from the slot's first distance less the slot. */
export const SPECIAL_POSITIONS = POSITION_SLOT + LENGTH_CONTEXTS * 64;
/** From this slot on, only the lowest four bits of a distance are modelled. */
export const FIRST_DIRECT_SLOT = 14;
export const ALIGN_BITS = 4;
export const ALIGN = SPECIAL_POSITIONS + 115;
/** Two coders of lengths: for matches of any distance, and for those of a recent one. */
export const LENGTH = ALIGN + (1 << ALIGN_BITS);
/** Within a coder of lengths: two bits of choice, then trees of 3 bits, of 3 bits, of 8 bits. */
export const LAST_LENGTH_CHOICE = 2;
export const LENGTH_LOW = LAST_LENGTH_CHOICE;
export const LENGTH_MIDDLE = LENGTH_LOW + POSITIONS * 8;
export const LENGTH_HIGH = LENGTH_MIDDLE + POSITIONS * 8;
const LENGTH_SIZE = LENGTH_HIGH + 256;
export const REP_LENGTH = LENGTH + LENGTH_SIZE;
export const LITERAL = REP_LENGTH + LENGTH_SIZE;
/** Each literal context has a tree of 8 bits, and two more for when a match just ended. */
export const LITERAL_SIZE = 0x300;

export const MIN_MATCH = 2;
export const MAX_MATCH = 273;

/** Which bits of the position and of the last byte the contexts look at. */
export interface LzmaProperties {
  literalContextBits: number;
  literalPositionBits: number;
  positionBits: number;
}

/**
 * The properties a byte stands for, undefined if it is none, or more than 4 bits choose a literal's
 * context: more is in no file that xz writes or reads.
 */
export function lzmaProperties(byte: number): LzmaProperties | undefined {
  if (byte >= 9 * 5 * 5) return undefined;
  const literalContextBits = byte % 9;
  const literalPositionBits = Math.floor(byte / 9) % 5;
  const positionBits = Math.floor(byte / 45);
  if (literalContextBits + literalPositionBits > 4) return undefined;
  return { literalContextBits, literalPositionBits, positionBits };
}

/** How many probabilities there are. */
export function modelSize({ literalContextBits, literalPositionBits }: LzmaProperties): number {
  return LITERAL + (LITERAL_SIZE << (literalContextBits + literalPositionBits));
}

export function stateAfterLiteral(state: number): number {
  if (state < 4) return 0;
  return state < 10 ? state - 3 : state - 6;
}

export function stateAfterMatch(state: number): number {
  return state < FIRST_MATCH_STATE ? 7 : 10;
}

export function stateAfterRep(state: number): number {
  return state < FIRST_MATCH_STATE ? 8 : 11;
}

export function stateAfterShortRep(state: number): number {
  return state < FIRST_MATCH_STATE ? 9 : 11;
}
