import { crc32 } from "node:zlib";
import { ByteWriter } from "../../../bytes/mod.ts";
import { encodeLzma2 } from "./lzma2_encoder.ts";
import { integerBytes } from "./xz_integer.ts";

/** The flags of a stream whose check is CRC-32. */
const STREAM_FLAGS = new Uint8Array([0x00, 0x01]);
const CHECK_LENGTH = 4;
const MIN_DICTIONARY_BITS = 12;

/**
 * Compresses to one stream of .xz with one block, as the Linux kernel reads it: LZMA2, CRC-32, and
 * a dictionary that is no larger than the next power of two.
 */
export function encodeXz(input: Uint8Array): Uint8Array {
  const writer = new ByteWriter(input.length + 256);
  writer.bytes(new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]));
  writer.bytes(STREAM_FLAGS);
  writer.u32(crc32(STREAM_FLAGS));

  const header = blockHeader(input.length);
  writer.bytes(header);
  writer.u32(crc32(header));
  const start = writer.length;
  encodeLzma2(input, writer);
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

/** The header of a block with one filter, LZMA2, and no sizes, but for its check. */
function blockHeader(inputLength: number): Uint8Array {
  const dictionaryBits = Math.max(
    MIN_DICTIONARY_BITS,
    32 - Math.clz32(Math.max(inputLength, 1) - 1),
  );
  const dictionaryCode = 2 * (dictionaryBits - MIN_DICTIONARY_BITS);
  return new Uint8Array([2, 0, 0x21, 1, dictionaryCode, 0, 0, 0]);
}

function indexOfOne(unpaddedSize: number, uncompressedSize: number): Uint8Array {
  const fields = [0, 1, ...integerBytes(unpaddedSize), ...integerBytes(uncompressedSize)];
  while (fields.length % 4 !== 0) fields.push(0);
  return new Uint8Array(fields);
}
