import { BlockWriter } from "./block_writer.ts";
import { GreedyMatches } from "./greedy_matches.ts";

const LIMITS = { maxDistance: 0xbfff, startMargin: 0, endMargin: 0 };
/** The three kinds of matches: how far they reach, and the lengths their first byte can hold. */
const SHORT_MATCH = { maxDistance: 0x800, maxLength: 8 };
const NEAR_MATCH = { instruction: 32, maxDistance: 0x4000, maxLength: 33 };
const FAR_MATCH = { instruction: 16, maxLength: 9 };
/** How many literals the first byte, the byte of a run, and the match before can announce. */
const FIRST_LITERALS = 238;
const RUN_LITERALS = 18;
const TRAILING_LITERALS = 3;
const END = [FAR_MATCH.instruction | 1, 0, 0];

/** Compresses to one LZO1X block, somewhat smaller than lzo1x_1_compress() does. */
export function encodeLzo(input: Uint8Array): Uint8Array {
  const writer = new BlockWriter(input, input.length + Math.ceil(input.length / 16) + 67);
  const matches = new GreedyMatches(input, LIMITS);
  // Where the low bits are that count up to three literals after a match.
  let trailer = 0;
  while (matches.next()) {
    announceLiterals(writer, { count: matches.start - matches.literals, trailer });
    writer.copyInput(matches.literals, matches.start);
    trailer = writeMatch(writer, matches);
  }
  announceLiterals(writer, { count: input.length - matches.literals, trailer });
  writer.copyInput(matches.literals, input.length);
  for (const byte of END) writer.byte(byte);
  return writer.written();
}

function announceLiterals(
  writer: BlockWriter,
  { count, trailer }: { count: number; trailer: number },
): void {
  if (count === 0) return;
  if (writer.length === 0 && count <= FIRST_LITERALS) {
    writer.byte(17 + count);
  } else if (writer.length > 0 && count <= TRAILING_LITERALS) {
    writer.addBits(trailer, count);
  } else if (count <= RUN_LITERALS) {
    writer.byte(count - 3);
  } else {
    writer.byte(0);
    extendLength(writer, count - RUN_LITERALS);
  }
}

/** Writes a match and returns where its low bits are. */
function writeMatch(writer: BlockWriter, { distance, length }: GreedyMatches): number {
  if (distance <= SHORT_MATCH.maxDistance && length <= SHORT_MATCH.maxLength) {
    writer.byte((length - 1) << 5 | ((distance - 1) & 7) << 2);
    writer.byte((distance - 1) >> 3);
    return writer.length - 2;
  }
  const isNear = distance <= NEAR_MATCH.maxDistance;
  const { instruction, maxLength } = isNear ? NEAR_MATCH : FAR_MATCH;
  const offset = isNear ? distance - 1 : distance - NEAR_MATCH.maxDistance;
  // Bit 14 of a far offset goes into the instruction; a near one has no such bit.
  const first = instruction | (offset >> 11 & 8);
  if (length <= maxLength) {
    writer.byte(first | length - 2);
  } else {
    writer.byte(first);
    extendLength(writer, length - maxLength);
  }
  writer.byte(offset << 2);
  writer.byte(offset >> 6);
  return writer.length - 2;
}

function extendLength(writer: BlockWriter, length: number): void {
  for (; length > 255; length -= 255) writer.byte(0);
  writer.byte(length);
}
