import { bytesOf } from "../../src/bytes/mod.ts";
import type { Random } from "./random.ts";

/** What mutants are made of besides the input itself. */
export interface Material {
  random: Random;
  /** Other inputs, to take pieces from. */
  donors: readonly Uint8Array[];
  /** Words of the format. */
  dictionary: readonly string[];
  /** Ranges of the input that most changes should hit; all of it if empty. */
  focus: readonly (readonly [start: number, end: number])[];
}

/** No mutant is longer than its input by more than this. */
const MAX_GROWTH = 16 * 1024;

/** Numbers at which fields break. */
const EDGES = [
  ...[0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 96, 127, 128, 255, 256, 257, 511, 512, 513],
  ...[1000, 4095, 4096, 4097, 8191, 8192, 8193, 0x7fff, 0x8000, 0x8001, 0xffff, 0x10000, 0x20000],
  ...[0xfffff, 0x100000, 0x100001, 0xffffff, 0x1000000, 0x1001000, 0x7fffffff, 0x80000000],
  ...[0xfffffffe, 0xffffffff, 2 ** 32, 2 ** 40, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64 - 1],
];

type Mutator = (input: Uint8Array, material: Material) => Uint8Array;

/** A changed copy of an input: one change mostly, sometimes several. */
export function mutate(input: Uint8Array, material: Material): Uint8Array {
  const { random } = material;
  let mutant: Uint8Array = input.slice();
  do {
    const changed = random.pick(MUTATORS)(mutant, material);
    if (changed.length <= input.length + MAX_GROWTH) mutant = changed;
  } while (!random.oneIn(2));
  return mutant;
}

const MUTATORS: readonly Mutator[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  nudgeByte,
  setInteger,
  setInteger,
  setInteger,
  nudgeInteger,
  nudgeInteger,
  setDecimal,
  setWord,
  insertWord,
  fillRange,
  copyField,
  copyField,
  copyRange,
  swapRanges,
  removeRange,
  repeatRange,
  swapBlocks,
  removeBlocks,
  insertBlocks,
  truncate,
  spliceHeads,
  overlay,
];

/** A place to change. */
function position(input: Uint8Array, { random, focus }: Material): number {
  if (focus.length > 0 && !random.oneIn(8)) {
    const [start, end] = random.pick(focus);
    return Math.min(start + random.below(end - start), Math.max(0, input.length - 1));
  }
  return random.below(input.length);
}

/** Short mostly, seldom long; fields and blocks have lengths that are powers of two. */
function rangeLength(random: Random): number {
  const length = 2 ** random.below(random.oneIn(4) ? 14 : 7);
  return random.oneIn(2) ? length : 1 + random.below(length);
}

function flipBit(input: Uint8Array, material: Material): Uint8Array {
  const at = position(input, material);
  if (at < input.length) input[at] = (input[at] ?? 0) ^ (1 << material.random.below(8));
  return input;
}

function setByte(input: Uint8Array, material: Material): Uint8Array {
  const at = position(input, material);
  if (at < input.length) input[at] = material.random.next();
  return input;
}

function nudgeByte(input: Uint8Array, material: Material): Uint8Array {
  const at = position(input, material);
  if (at < input.length) input[at] = (input[at] ?? 0) + material.random.below(9) - 4;
  return input;
}

function setInteger(input: Uint8Array, material: Material): Uint8Array {
  const { random } = material;
  const edge = random.oneIn(4) ? input.length : random.pick(EDGES);
  return putInteger(input, material, () => BigInt(edge) + BigInt(random.below(3) - 1));
}

function nudgeInteger(input: Uint8Array, material: Material): Uint8Array {
  const { random } = material;
  const step = random.oneIn(2) ? random.below(33) - 16 : random.pick(EDGES);
  return putInteger(input, material, (value) => value + BigInt(step));
}

/** Changes an integer of 2, 4 or 8 bytes, little-endian mostly, at a multiple of 2 mostly. */
function putInteger(
  input: Uint8Array,
  material: Material,
  change: (value: bigint) => bigint,
): Uint8Array {
  const { random } = material;
  const width = random.pick([2, 4, 4, 8]);
  const at = random.oneIn(4) ? position(input, material) : position(input, material) & ~1;
  if (at + width > input.length) return input;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const little = !random.oneIn(8);
  switch (width) {
    case 2:
      view.setUint16(at, Number(change(BigInt(view.getUint16(at, little))) & 0xffffn), little);
      break;
    case 4:
      view.setUint32(at, Number(change(BigInt(view.getUint32(at, little))) & 0xffffffffn), little);
      break;
    default:
      view.setBigUint64(at, BigInt.asUintN(64, change(view.getBigUint64(at, little))), little);
  }
  return input;
}

/** Overwrites a number written in digits, as in tar headers and texts. */
function setDecimal(input: Uint8Array, material: Material): Uint8Array {
  const { random } = material;
  const isDigit = (at: number) => (input[at] ?? 0) >= 0x30 && (input[at] ?? 0) <= 0x39;
  let start = position(input, material);
  while (start < input.length && !isDigit(start)) start++;
  let end = start;
  while (isDigit(end)) end++;
  if (start === end) return input;
  const value = random.pick(EDGES).toString(random.oneIn(2) ? 8 : 10);
  if (random.oneIn(4)) return replaced(input, { start, end, by: bytesOf(value) });
  input.set(bytesOf(value.padStart(end - start, "0").slice(-(end - start))), start);
  return input;
}

function setWord(input: Uint8Array, material: Material): Uint8Array {
  const { random, dictionary } = material;
  if (dictionary.length === 0) return setInteger(input, material);
  const word = bytesOf(random.pick(dictionary));
  const at = position(input, material);
  if (at + word.length <= input.length) input.set(word, at);
  return input;
}

function insertWord(input: Uint8Array, material: Material): Uint8Array {
  const { random, dictionary } = material;
  if (dictionary.length === 0) return flipBit(input, material);
  const start = position(input, material);
  return replaced(input, { start, end: start, by: bytesOf(random.pick(dictionary)) });
}

function fillRange(input: Uint8Array, material: Material): Uint8Array {
  const { random } = material;
  const at = position(input, material);
  return input.fill(random.pick([0, 0xff, 0x41]), at, at + rangeLength(random));
}

/** Puts the value of one field into another. */
function copyField(input: Uint8Array, material: Material): Uint8Array {
  const width = material.random.pick([2, 4, 8]);
  const from = position(input, material) & ~1;
  return input.copyWithin(position(input, material) & ~1, from, from + width);
}

function copyRange(input: Uint8Array, material: Material): Uint8Array {
  const from = position(input, material);
  const to = position(input, material);
  const length = Math.min(rangeLength(material.random), input.length - Math.max(from, to));
  return input.copyWithin(to, from, from + length);
}

function swapRanges(input: Uint8Array, material: Material): Uint8Array {
  const [from, to] = [position(input, material), position(input, material)];
  const length = Math.min(rangeLength(material.random), input.length - Math.max(from, to));
  const kept = input.slice(to, to + length);
  input.copyWithin(to, from, from + length);
  input.set(kept, from);
  return input;
}

function removeRange(input: Uint8Array, material: Material): Uint8Array {
  const start = position(input, material);
  const end = Math.min(input.length, start + rangeLength(material.random));
  return replaced(input, { start, end, by: new Uint8Array(0) });
}

function repeatRange(input: Uint8Array, material: Material): Uint8Array {
  const { random } = material;
  const start = position(input, material);
  const range = input.slice(start, start + rangeLength(random));
  const times = random.oneIn(8) ? 1 + random.below(200) : 1;
  const by = new Uint8Array(Math.min(range.length * times, MAX_GROWTH));
  for (let at = 0; at + range.length <= by.length; at += Math.max(1, range.length)) {
    by.set(range, at);
  }
  return replaced(input, { start, end: start, by });
}

/** Formats of blocks have them at multiples of one of these. */
const BLOCK_SIZES = [8, 512, 512, 512, 4096];

function swapBlocks(input: Uint8Array, { random }: Material): Uint8Array {
  const size = random.pick(BLOCK_SIZES);
  const count = Math.floor(input.length / size);
  if (count < 2) return input;
  const [from, to] = [random.below(count) * size, random.below(count) * size];
  const kept = input.slice(to, to + size);
  input.copyWithin(to, from, from + size);
  input.set(kept, from);
  return input;
}

function removeBlocks(input: Uint8Array, { random }: Material): Uint8Array {
  const size = random.pick(BLOCK_SIZES);
  const start = random.below(Math.floor(input.length / size)) * size;
  const end = Math.min(input.length, start + size * (1 + random.below(3)));
  return replaced(input, { start, end, by: new Uint8Array(0) });
}

/** Inserts blocks of this input or another one. */
function insertBlocks(input: Uint8Array, { random, donors }: Material): Uint8Array {
  const size = random.pick(BLOCK_SIZES);
  const donor = random.oneIn(2) ? input : random.pick(donors);
  const from = random.below(Math.floor(donor.length / size)) * size;
  const by = donor.slice(from, from + size * (1 + random.below(3)));
  const start = random.below(Math.floor(input.length / size)) * size;
  return replaced(input, { start, end: start, by });
}

function truncate(input: Uint8Array, { random }: Material): Uint8Array {
  const keep = random.oneIn(2) ? random.below(input.length) : input.length - rangeLength(random);
  return input.slice(0, Math.max(0, keep));
}

/** The beginning of this input and the end of another. */
function spliceHeads(input: Uint8Array, material: Material): Uint8Array {
  const { random, donors } = material;
  const start = position(input, material);
  const donor = random.pick(donors);
  const from = random.oneIn(2) ? Math.min(start, donor.length) : random.below(donor.length);
  return replaced(input, { start, end: input.length, by: donor.subarray(from) });
}

/** A piece of another input, at the place where it was there. */
function overlay(input: Uint8Array, material: Material): Uint8Array {
  const at = position(input, material);
  const length = Math.min(rangeLength(material.random), input.length - at);
  input.set(material.random.pick(material.donors).subarray(at, at + length), at);
  return input;
}

function replaced(
  input: Uint8Array,
  { start, end, by }: { start: number; end: number; by: Uint8Array },
): Uint8Array {
  const result = new Uint8Array(start + by.length + Math.max(0, input.length - end));
  result.set(input.subarray(0, start));
  result.set(by, start);
  result.set(input.subarray(end), start + by.length);
  return result;
}
