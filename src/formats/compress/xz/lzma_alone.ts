import { decompressionError, outputTooLarge, unexpectedEnd } from "../compression_error.ts";
import { LzmaDecoder } from "./lzma_decoder.ts";
import { lzmaProperties } from "./lzma_model.ts";
import { LzmaWindow } from "./lzma_window.ts";

/** A byte of properties, the size of the dictionary, the size of the data. */
const HEADER_LENGTH = 13;
const UNKNOWN_SIZE = 0xffffffffffffffffn;

/**
 * Decompresses one block of the old .lzma format (lzma-file-format.txt of LZMA SDK).
 *
 * @throws {CompressionError} the block is malformed or decompresses to more than `maxOutput` bytes
 */
export function decodeLzmaAlone(input: Uint8Array, maxOutput: number): Uint8Array {
  if (input.length < HEADER_LENGTH) throw unexpectedEnd("lzma");
  const properties = lzmaProperties(input[0] ?? 0);
  if (properties === undefined) throw decompressionError("lzma", "impossible properties");
  const header = new DataView(input.buffer, input.byteOffset, HEADER_LENGTH);
  const size = header.getBigUint64(5, true);
  const isSized = size !== UNKNOWN_SIZE;
  if (isSized && size > maxOutput) throw outputTooLarge("lzma", maxOutput);

  // Without a size, one byte too many tells the data that are too large.
  const limit = isSized ? Number(size) : maxOutput + 1;
  const window = new LzmaWindow(limit);
  window.reserve(limit);
  const decoder = new LzmaDecoder("lzma");
  decoder.setProperties(properties);
  const { isMarked } = decoder.decode(window, {
    input,
    from: HEADER_LENGTH,
    end: input.length,
    limit,
  });
  if (isSized && window.position < limit) throw unexpectedEnd("lzma");
  if (!isSized && !isMarked) throw outputTooLarge("lzma", maxOutput);
  return window.bytes.subarray(0, window.position);
}
