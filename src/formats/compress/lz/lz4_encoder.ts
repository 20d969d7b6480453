import { BlockWriter } from "./block_writer.ts";
import { GreedyMatches } from "./greedy_matches.ts";

const MIN_MATCH = 4;
/** The format asks for 5 literals at the end, and for no match to begin in the last 12 bytes. */
const LIMITS = { maxDistance: 0xffff, startMargin: 12, endMargin: 5 };
/** A length of four bits that says that more bytes of length follow. */
const EXTENDED = 15;

/** Compresses to one LZ4 block (lz4_Block_format.md), somewhat smaller than `lz4 -1` does. */
export function encodeLz4(input: Uint8Array): Uint8Array {
  const writer = new BlockWriter(input, input.length + Math.ceil(input.length / 255) + 16);
  const matches = new GreedyMatches(input, LIMITS);
  while (matches.next()) {
    const { literals, start, distance } = matches;
    const length = matches.length - MIN_MATCH;
    writer.byte(Math.min(start - literals, EXTENDED) << 4 | Math.min(length, EXTENDED));
    extendLength(writer, start - literals);
    writer.copyInput(literals, start);
    writer.byte(distance);
    writer.byte(distance >> 8);
    extendLength(writer, length);
  }
  const rest = input.length - matches.literals;
  writer.byte(Math.min(rest, EXTENDED) << 4);
  extendLength(writer, rest);
  writer.copyInput(matches.literals, input.length);
  return writer.written();
}

function extendLength(writer: BlockWriter, length: number): void {
  if (length < EXTENDED) return;
  let rest = length - EXTENDED;
  for (; rest >= 255; rest -= 255) writer.byte(255);
  writer.byte(rest);
}
