import { decompressionError } from "../compression_error.ts";
import type { BitReader, BitSteps } from "./bit_reader.ts";
import { MAX_CODE_LENGTH, PrefixCode } from "./prefix_code.ts";

/** How many symbols one choice of a code is for. */
export const GROUP_SIZE = 50;
const MIN_CODES = 2;
const MAX_CODES = 6;
/** As many choices as the largest block has a use for; some writers record more. */
const MAX_CHOICES = 2 + Math.floor(900_000 / GROUP_SIZE);

/** What a block says of itself before its data. */
export interface BlockHeader {
  /** The CRC of its output. */
  check: number;
  /** The row of the sorted rotations that the data are. */
  origin: number;
  /** The bytes that are in the data, in ascending order. */
  bytes: Uint8Array;
  codes: PrefixCode[];
  /** The index of the code for each group of symbols. */
  choices: Uint8Array;
}

/** Reads what follows the magic number of a block. @throws {CompressionError} it is malformed */
export function* readBlockHeader(reader: BitReader): BitSteps<BlockHeader> {
  const check = yield* reader.readWord();
  if ((yield* reader.read(1)) !== 0) {
    throw decompressionError("bzip2", "randomised blocks, as of bzip2 0.9.0, are not supported");
  }
  const origin = yield* reader.read(24);
  const bytes = yield* readBytes(reader);
  const codeCount = yield* reader.read(3);
  if (codeCount < MIN_CODES || codeCount > MAX_CODES) throw malformed();
  const choices = yield* readChoices(reader, codeCount);
  const codes: PrefixCode[] = [];
  // Symbols are two for runs, one for each byte but the first in the list, and one for the end.
  while (codes.length < codeCount) codes.push(yield* readCode(reader, bytes.length + 2));
  return { check, origin, bytes, codes, choices };
}

function* readBytes(reader: BitReader): BitSteps<Uint8Array> {
  const bytes: number[] = [];
  const ranges = yield* reader.read(16);
  for (let range = 0; range < 16; range++) {
    if ((ranges & 0x8000 >>> range) === 0) continue;
    const members = yield* reader.read(16);
    for (let member = 0; member < 16; member++) {
      if ((members & 0x8000 >>> member) !== 0) bytes.push(range * 16 + member);
    }
  }
  if (bytes.length === 0) throw malformed();
  return Uint8Array.from(bytes);
}

/** Each choice is the rank of a code in a list of those last used. */
function* readChoices(reader: BitReader, codeCount: number): BitSteps<Uint8Array> {
  const count = yield* reader.read(15);
  if (count === 0) throw malformed();
  const ranked = Array.from({ length: codeCount }, (_, index) => index);
  const choices = new Uint8Array(Math.min(count, MAX_CHOICES));
  for (let index = 0; index < count; index++) {
    let rank = 0;
    while ((yield* reader.read(1)) !== 0) {
      if (++rank === codeCount) throw malformed();
    }
    const [choice = 0] = ranked.splice(rank, 1);
    ranked.unshift(choice);
    if (index < choices.length) choices[index] = choice;
  }
  return choices;
}

/** The lengths of a code's words, each as the difference to the one before. */
function* readCode(reader: BitReader, symbols: number): BitSteps<PrefixCode> {
  const lengths = new Uint8Array(symbols);
  let length = yield* reader.read(5);
  for (let symbol = 0; symbol < symbols; symbol++) {
    while (true) {
      if (length < 1 || length > MAX_CODE_LENGTH) throw malformed();
      if ((yield* reader.read(1)) === 0) break;
      length += (yield* reader.read(1)) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return new PrefixCode(lengths);
}

function malformed() {
  return decompressionError("bzip2", "malformed header of a block");
}
