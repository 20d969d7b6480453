import { crc32 } from "node:zlib";
import { ByteWriter } from "../../../bytes/mod.ts";
import { INPUT_SIZE, Liblzma } from "./liblzma.ts";
import { integerBytes } from "./xz_integer.ts";

/** The flags of a stream whose check is CRC-32. */
const STREAM_FLAGS = new Uint8Array([0x00, 0x01]);
const CHECK_LENGTH = 4;
const MIN_DICTIONARY_BITS = 12;
/** More would take more memory than the coder has; blocks of squashfs are 1 MiB at most. */
const MAX_DICTIONARY_BITS = 23;
/**
 * The preset of xz. With 6, xz's own default, blocks of 128 KiB are 5% smaller and take more than
 * three times as long.
 */
const PRESET = 3;

/**
 * Compresses to one stream of .xz with one block, as the Linux kernel reads it: LZMA2, CRC-32, and
 * a dictionary that is no larger than the next power of two.
 */
export function encodeXz(input: Uint8Array): Uint8Array {
  const writer = new ByteWriter(input.length + 256);
  writer.bytes(new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]));
  writer.bytes(STREAM_FLAGS);
  writer.u32(crc32(STREAM_FLAGS));

  const lengthBits = 32 - Math.clz32(Math.max(input.length, 1) - 1);
  const dictionaryBits = Math.min(Math.max(MIN_DICTIONARY_BITS, lengthBits), MAX_DICTIONARY_BITS);
  const header = blockHeader(dictionaryBits);
  writer.bytes(header);
  writer.u32(crc32(header));
  const start = writer.length;
  for (const piece of encodeLzma2(input, dictionaryBits)) writer.bytes(piece);
  const unpaddedSize = header.length + 4 + writer.length - start + CHECK_LENGTH;
  writer.zeros(-writer.length & 3);
  writer.u32(crc32(input));

  const index = indexOfOne(unpaddedSize, input.length);
  writer.bytes(index);
  writer.u32(crc32(index));
  const footer = new ByteWriter();
  footer.u32((index.length + 4) / 4 - 1);
  footer.bytes(STREAM_FLAGS);
  writer.u32(crc32(footer.written()));
  writer.bytes(footer.written());
  writer.bytes(new Uint8Array([0x59, 0x5a]));
  return writer.written();
}

/** Writes input as LZMA2. */
function encodeLzma2(input: Uint8Array, dictionaryBits: number): Generator<Uint8Array> {
  return Liblzma.lent(function* (coder) {
    coder.startEncoder(PRESET, 2 ** dictionaryBits);
    let at = 0;
    for (; input.length - at > INPUT_SIZE; at += INPUT_SIZE) {
      yield* coder.code(input.subarray(at, at + INPUT_SIZE));
    }
    yield* coder.code(input.subarray(at), true);
  });
}

/** The header of a block with one filter, LZMA2, and no sizes, but for its check. */
function blockHeader(dictionaryBits: number): Uint8Array {
  const dictionaryCode = 2 * (dictionaryBits - MIN_DICTIONARY_BITS);
  return new Uint8Array([2, 0, 0x21, 1, dictionaryCode, 0, 0, 0]);
}

function indexOfOne(unpaddedSize: number, uncompressedSize: number): Uint8Array {
  const fields = [0, 1, ...integerBytes(unpaddedSize), ...integerBytes(uncompressedSize)];
  while (fields.length % 4 !== 0) fields.push(0);
  return new Uint8Array(fields);
}
