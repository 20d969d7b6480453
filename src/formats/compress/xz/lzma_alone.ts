import { decompressionError, outputTooLarge, unexpectedEnd } from "../compression_error.ts";
import { INPUT_SIZE, Liblzma, LzmaFault } from "./liblzma.ts";
import { isLzmaProperties } from "./lzma_properties.ts";

/** A byte of properties, the size of the dictionary, the size of the data. */
const HEADER_LENGTH = 13;
const UNKNOWN_SIZE = 0xffffffffffffffffn;
const MIN_DICTIONARY = 4096;

/**
 * Decompresses one block of the old .lzma format (lzma-file-format.txt of LZMA SDK).
 *
 * @throws {CompressionError} the block is malformed or decompresses to more than `maxOutput` bytes
 */
export function decodeLzmaAlone(input: Uint8Array, maxOutput: number): Uint8Array {
  if (input.length < HEADER_LENGTH) throw unexpectedEnd("lzma");
  if (!isLzmaProperties(input[0] ?? 0)) throw decompressionError("lzma", "impossible properties");
  const header = new DataView(input.buffer, input.byteOffset, HEADER_LENGTH);
  const size = header.getBigUint64(5, true);
  const isSized = size !== UNKNOWN_SIZE;
  if (isSized && size > maxOutput) throw outputTooLarge("lzma", maxOutput);

  // Without a size, one byte too many tells the data that are too large.
  const limit = isSized ? Number(size) : maxOutput + 1;
  const output = new Uint8Array(limit);
  let length = 0;
  for (const piece of decoded(input, limit)) {
    const wanted = piece.subarray(0, limit - length);
    output.set(wanted, length);
    length += wanted.length;
    if (length === limit) break;
  }
  if (isSized && length < limit) throw unexpectedEnd("lzma");
  if (!isSized && length === limit) throw outputTooLarge("lzma", maxOutput);
  return output.subarray(0, length);
}

/**
 * The data up to an end marker. The header's size of the dictionary does not count: no more than
 * `limit` bytes will be looked at.
 */
function decoded(input: Uint8Array, limit: number): Generator<Uint8Array> {
  return Liblzma.lent(function* (coder) {
    const properties = new Uint8Array(5);
    properties[0] = input[0] ?? 0;
    new DataView(properties.buffer).setUint32(1, Math.max(limit, MIN_DICTIONARY), true);
    try {
      coder.startLzma(properties);
      for (let at = HEADER_LENGTH; at < input.length; at += INPUT_SIZE) {
        if (yield* coder.code(input.subarray(at, at + INPUT_SIZE))) return;
      }
    } catch (error) {
      if (!(error instanceof LzmaFault)) throw error;
      throw decompressionError("lzma", error.reason ?? "the data are damaged");
    }
    throw unexpectedEnd("lzma");
  });
}
