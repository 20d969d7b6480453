import { convertIa64 } from "./ia64_branches.ts";
import { convertRiscV } from "./riscv_branches.ts";
import type { StreamFilter } from "./stream_filter.ts";

/**
 * Converts as many whole instructions as it can, in place; returns how many bytes these are.
 * `origin` is where in the program the bytes lie.
 */
export type BranchConverter = (bytes: Uint8Array, origin: number) => number;

/** Converts one instruction of 32 bits at an address. */
type WordConverter = (word: number, address: number) => number;

/**
 * Undoes a branch filter of xz (xz-file-format.txt §5.3.2) over data that come in pieces.
 *
 * A compressor that knew machine code made the targets of jumps and calls absolute, so that they
 * repeat more often; this makes them relative again.
 */
export class BranchFilter implements StreamFilter {
  readonly #convert: BranchConverter;
  #origin: number;
  /** The end of the last piece, which could not be converted without what follows. */
  #rest: Uint8Array = new Uint8Array();

  constructor(options: { convert: BranchConverter; origin: number }) {
    this.#convert = options.convert;
    this.#origin = options.origin;
  }

  update(piece: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    const converted = this.#convert(bytes, this.#origin);
    this.#origin = (this.#origin + converted) >>> 0;
    this.#rest = bytes.subarray(converted);
    return bytes.subarray(0, converted);
  }

  /** What is left needs no conversion. */
  finish(): Uint8Array {
    return this.#rest;
  }
}

/** The converter for a filter's number, undefined if we have none. */
export function branchConverter(filterId: number): BranchConverter | undefined {
  switch (filterId) {
    case 4:
      return x86Converter();
    case 5:
      return wordConverter(convertPowerPc, false);
    case 6:
      return convertIa64;
    case 7:
      return wordConverter(convertArm, true);
    case 8:
      return convertArmThumb;
    case 9:
      return wordConverter(convertSparc, false);
    case 10:
      return wordConverter(convertArm64, true);
    case 11:
      return convertRiscV;
    default:
      return undefined;
  }
}

function wordConverter(convert: WordConverter, littleEndian: boolean): BranchConverter {
  return (bytes, origin) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = bytes.length - bytes.length % 4;
    for (let at = 0; at < end; at += 4) {
      const word = view.getUint32(at, littleEndian);
      view.setUint32(at, convert(word, (origin + at) | 0), littleEndian);
    }
    return end;
  };
}

/** `bl` has its target in words, in 24 bits, counted from two instructions on. */
function convertArm(word: number, address: number): number {
  if (word >>> 24 !== 0xeb) return word;
  return (0xeb000000 | (word - ((address + 8) >>> 2)) & 0xffffff) >>> 0;
}

/** `bl` has its target in words, in 26 bits; `adrp` in pages, in 21 bits, of which 18 are used. */
function convertArm64(word: number, address: number): number {
  if (word >>> 26 === 0x25) return (0x94000000 | (word - (address >>> 2)) & 0x03ffffff) >>> 0;
  if ((word & 0x9f000000) >>> 0 !== 0x90000000) return word;
  const page = (word >>> 29 & 3) | (word >>> 3 & 0x1ffffc);
  if (((page + 0x020000) & 0x1c0000) !== 0) return word;
  const target = page - (address >>> 12);
  return ((word & 0x9000001f) | (target & 3) << 29 | (target & 0x03fffc) << 3 |
    (-(target & 0x020000) & 0xe00000)) >>> 0;
}

/** `bl` has its target in bytes, in the 26 bits of which the lowest two are flags. */
function convertPowerPc(word: number, address: number): number {
  if ((word & 0xfc000003) !== 0x48000001) return word;
  return (0x48000001 | ((word & 0x03fffffc) - address) & 0x03fffffc) >>> 0;
}

/** `call` has its target in words, in 30 bits; only those of 23 significant bits were converted. */
function convertSparc(word: number, address: number): number {
  if (word >>> 22 !== 0x100 && word >>> 22 !== 0x1ff) return word;
  const target = ((word << 2) - address) >>> 2;
  return ((0x40000000 - (target & 0x400000)) | 0x40000000 | (target & 0x3fffff)) >>> 0;
}

/** `bl` is a pair of halfwords with 11 bits of the target each, in units of halfwords. */
function convertArmThumb(bytes: Uint8Array, origin: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (; at + 4 <= bytes.length; at += 2) {
    const high = view.getUint16(at, true);
    const low = view.getUint16(at + 2, true);
    if ((high & 0xf800) !== 0xf000 || (low & 0xf800) !== 0xf800) continue;
    const target = ((high & 0x7ff) << 11 | (low & 0x7ff)) - ((origin + at + 4) >>> 1);
    view.setUint16(at, 0xf000 | target >>> 11 & 0x7ff, true);
    view.setUint16(at + 2, 0xf800 | target & 0x7ff, true);
    at += 2;
  }
  return at;
}

/**
 * `call` and `jmp` (E8, E9) have 32 bits of target in bytes, of which the filter takes those whose
 * highest byte is 00 or FF. Instructions lie at any address, so whether a byte is an opcode or a
 * part of a target is guessed from the opcodes left alone among the three bytes before.
 */
function x86Converter(): BranchConverter {
  /** Bit k: the byte k + 1 before is an opcode that was left alone. */
  let left = 0;
  return (bytes, origin) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at + 5 <= bytes.length) {
      if (((bytes[at] ?? 0) & 0xfe) !== 0xe8) {
        left = left << 1 & 7;
        at++;
      } else if (isX86Target(bytes, { at, left })) {
        const target = relativeX86(view.getInt32(at + 1, true), { next: origin + at + 5, left });
        view.setInt32(at + 1, target, true);
        left = 0;
        at += 5;
      } else {
        left = (left << 1 | 1) & 7;
        at++;
      }
    }
    return at;
  };
}

/** How many of the target's bytes, seen from its highest, come after the farthest opcode left. */
function overlap(left: number): number {
  return 32 - Math.clz32(left);
}

function isX86Target(bytes: Uint8Array, place: { at: number; left: number }): boolean {
  const { at, left } = place;
  if (!isSign(bytes[at + 4] ?? 0)) return false;
  if (left === 0) return true;
  // Two opcodes left, or a doubtful one whose own target would have been converted.
  return (left & (left - 1)) === 0 && !isSign(bytes[at + 4 - overlap(left)] ?? 0);
}

/** The target made relative; while it too looks converted, by the measure of isX86Target(), again. */
function relativeX86(absolute: number, place: { next: number; left: number }): number {
  const { next, left } = place;
  let target = (absolute - next) | 0;
  if (left !== 0) {
    const shift = 8 * overlap(left);
    while (isSign(target >>> (24 - shift) & 0xff)) {
      target = ((target ^ ((1 << (32 - shift)) - 1)) - next) | 0;
    }
  }
  // 25 bits count, the highest of which is the sign.
  return target << 7 >> 7;
}

function isSign(byte: number): boolean {
  return byte === 0 || byte === 0xff;
}
