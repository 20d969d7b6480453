import { byteString } from "../../bytes/mod.ts";
import { BLOCK_SIZE, sizeField } from "./header.ts";
import { parseDecimal, type PaxRecords } from "./pax.ts";
import { TarError } from "./tar_error.ts";

/** What of a file is data, in ascending order; everything else is holes. */
export type SparseMap = { offset: number; length: number }[];

/** More pieces than this are refused: a map has to be held in memory. */
const MAX_PIECES = 1 << 20;

/**
 * Checks that the pieces are in order, apart, within the file, and together as long as what the
 * archive holds of it.
 *
 * @throws {TarError} when they are not
 */
export function checkSparseMap(map: SparseMap, sizes: { real: number; stored: number }): void {
  let end = 0;
  let total = 0;
  for (const { offset, length } of map) {
    if (offset < end || offset + length > sizes.real) throw malformed();
    end = offset + length;
    total += length;
  }
  if (total !== sizes.stored) throw malformed();
}

/** The map of GNU sparse formats 0.0 and 0.1, which is in the pax header. */
export function paxSparseMap(records: PaxRecords): SparseMap {
  const list = records.values.get("GNU.sparse.map");
  const numbers = list === undefined
    ? records.sparsePairs
    : list === ""
    ? []
    : list.split(",").map((word) => parseDecimal(word, "sparse map"));
  if (numbers.length % 2 !== 0) throw malformed();
  const map: SparseMap = [];
  for (let at = 0; at < numbers.length; at += 2) addPiece(map, numbers[at], numbers[at + 1]);
  return map;
}

/**
 * Adds the pieces of the old GNU format's header block, or of one that continues it.
 *
 * @returns whether another block continues the map
 */
export function addOldGnuPieces(map: SparseMap, block: Uint8Array, where: "header" | "more") {
  const [start, count, extendedAt] = where === "header" ? [386, 4, 482] : [0, 21, 504];
  for (let index = 0; index < count; index++) {
    const at = start + index * 24;
    if (block[at] === 0) break;
    addPiece(map, sizeField(block, at), sizeField(block, at + 12));
  }
  return block[extendedAt] !== 0;
}

/** The size of the whole file in an old GNU sparse header. */
export function oldGnuRealSize(block: Uint8Array): number {
  return sizeField(block, 483);
}

/**
 * Reads the map of GNU sparse format 1.0, which comes before the data: decimal numbers, a line each,
 * first how many pieces, then offset and length of each; filled up to a whole block.
 */
export class SparseMapParser {
  readonly map: SparseMap = [];
  #missing = -1;
  #offset = -1;
  #line = "";

  /** Takes the next block. @returns whether the map goes on in another one */
  push(block: Uint8Array): boolean {
    let start = 0;
    while (this.#missing !== 0) {
      const newline = block.indexOf(0x0a, start);
      const end = newline === -1 ? BLOCK_SIZE : newline;
      this.#line += byteString(block, start, end);
      if (this.#line.length > 20) throw malformed();
      if (newline === -1) return true;
      this.#takeNumber(parseDecimal(this.#line, "sparse map"));
      this.#line = "";
      start = newline + 1;
    }
    return false;
  }

  #takeNumber(value: number): void {
    if (this.#missing === -1) {
      if (value > MAX_PIECES) throw tooManyPieces();
      this.#missing = value;
    } else if (this.#offset === -1) {
      this.#offset = value;
    } else {
      addPiece(this.map, this.#offset, value);
      this.#offset = -1;
      this.#missing--;
    }
  }
}

function addPiece(map: SparseMap, offset = 0, length = 0): void {
  if (map.length >= MAX_PIECES) throw tooManyPieces();
  map.push({ offset, length });
}

function malformed(): TarError {
  return new TarError("malformed sparse map");
}

function tooManyPieces(): TarError {
  return new TarError(`sparse file in more than ${MAX_PIECES} pieces`);
}
