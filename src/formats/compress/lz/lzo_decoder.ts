import { BlockOutput } from "./block_output.ts";
import { decompressionError, unexpectedEnd } from "../compression_error.ts";
import type { OutputRoom } from "../output_room.ts";

/** A first byte above this one is a run of so many more literals. */
const FIRST_LITERALS = 17;
/** Instructions from these bytes on copy matches of growing length or distance. */
const SHORT_MATCH = 64;
const NEAR_MATCH = 32;
const FAR_MATCH = 16;
/** The distances of far matches count from here, and this one itself is the end of the data. */
const FAR_DISTANCE = 0x4000;
/** Where the distances of the three-byte matches that follow a run of literals begin. */
const RUN_DISTANCE = 0x800;
/** The state after a run of literals; otherwise it is the number of literals after a match. */
const AFTER_RUN = 4;

/**
 * Decompresses one LZO1X block (Documentation/staging/lzo.rst of Linux), as all compressors of the
 * family write them, lzo1x_1 and lzo1x_999 among them.
 *
 * @throws {CompressionError} the block is malformed or decompresses to more than there is room for
 */
export function decodeLzo(input: Uint8Array, room: OutputRoom): Uint8Array {
  const output = new BlockOutput("lzo", { input, room });
  const end = input.length;
  let at = 0;
  let state = 0;

  const first = input[0] ?? 0;
  if (first > FIRST_LITERALS) {
    const literals = first - FIRST_LITERALS;
    if (literals >= end) throw unexpectedEnd("lzo");
    output.copyInput(1, literals);
    at = 1 + literals;
    state = Math.min(literals, AFTER_RUN);
  }

  while (true) {
    if (at >= end) throw unexpectedEnd("lzo");
    const instruction = input[at++] ?? 0;
    let length: number;
    let distance: number;
    let trailer = instruction;

    if (instruction >= SHORT_MATCH) {
      length = (instruction >> 5) + 1;
      distance = ((input[at++] ?? 0) << 3) + ((instruction >> 2) & 7) + 1;
    } else if (instruction >= FAR_MATCH) {
      const lengthBits = instruction >= NEAR_MATCH ? 31 : 7;
      length = instruction & lengthBits;
      if (length === 0) {
        for (; input[at] === 0; at++) length += 255;
        length += lengthBits + (input[at++] ?? 0);
      }
      length += 2;
      trailer = input[at] ?? 0;
      distance = (trailer | (input[at + 1] ?? 0) << 8) >> 2;
      at += 2;
      if (instruction >= NEAR_MATCH) {
        distance++;
      } else {
        distance += FAR_DISTANCE + ((instruction & 8) << 11);
        if (distance === FAR_DISTANCE) break;
      }
    } else if (state === 0) {
      length = instruction;
      if (length === 0) {
        for (; input[at] === 0; at++) length += 255;
        length += 15 + (input[at++] ?? 0);
      }
      length += 3;
      if (length > end - at) throw unexpectedEnd("lzo");
      output.copyInput(at, length);
      at += length;
      state = AFTER_RUN;
      continue;
    } else {
      length = state === AFTER_RUN ? 3 : 2;
      distance = ((input[at++] ?? 0) << 2) + (instruction >> 2) + 1;
      if (state === AFTER_RUN) distance += RUN_DISTANCE;
    }

    // The low bits say how many literals follow the match.
    state = trailer & 3;
    // Where an instruction was cut off, zeros have been read.
    if (state > end - at) throw unexpectedEnd("lzo");
    output.repeat(distance, length);
    if (state > 0) {
      output.copyInput(at, state);
      at += state;
    }
  }

  if (at > end) throw unexpectedEnd("lzo");
  if (at < end) throw decompressionError("lzo", "something else follows the compressed data");
  return output.written();
}
