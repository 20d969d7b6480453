import { inflateSync, zstdDecompressSync } from "node:zlib";
import {
  decompressionError,
  nativeError,
  outputTooLarge,
  unexpectedEnd,
} from "./compression_error.ts";
import { decodeWhole } from "./xz/decoder_steps.ts";
import { decodeLz4 } from "./lz/lz4_decoder.ts";
import { decodeLzo } from "./lz/lzo_decoder.ts";
import { decodeLzmaAlone } from "./xz/lzma_alone.ts";
import { decodeNativeBlock, type NativeFormat } from "./native_block.ts";
import { BLOCK_SLACK, maxOutputOf, type OutputRoom, placed } from "./output_room.ts";
import { decodeXz } from "./xz/xz_decoder.ts";
import { ZstdFrames } from "./zstd_frames.ts";

export { BLOCK_SLACK };

/** The compressions of squashfs, by the names of mksquashfs; "gzip" is the zlib format. */
export type BlockCompression = "gzip" | "lzma" | "lzo" | "xz" | "lz4" | "zstd";

/**
 * Decompresses one block.
 *
 * @returns the block, at the beginning of `room` if that is memory
 * @throws {CompressionError} the block is malformed or decompresses to more than there is room for
 */
export function decompressBlock(
  compression: BlockCompression,
  input: Uint8Array,
  room: OutputRoom,
): Uint8Array {
  switch (compression) {
    case "gzip":
      return decompressNative("zlib", input, room);
    case "zstd":
      requireOneFrame(input);
      return decompressNative("zstd", input, room);
    case "lz4":
      return decodeLz4(input, room);
    case "lzo":
      return decodeLzo(input, room);
    case "lzma":
      return placed(decodeLzmaAlone(input, maxOutputOf(room)), room);
    case "xz": {
      const maxOutput = maxOutputOf(room);
      return placed(decodeWhole(decodeXz(), { format: "xz", input, maxOutput }), room);
    }
  }
}

function decompressNative(
  format: NativeFormat,
  input: Uint8Array,
  room: OutputRoom,
): Uint8Array {
  const maxOutput = maxOutputOf(room);
  // Output that fills its memory may be all there is, or not.
  const output = typeof room === "number" ? new Uint8Array(room + BLOCK_SLACK) : room;
  const length = decodeNativeBlock(format, input, output);
  if (length !== null && length <= maxOutput) return output.subarray(0, length);
  const decompress = format === "zlib" ? inflateSync : zstdDecompressSync;
  try {
    const chunkSize = maxOutput + BLOCK_SLACK;
    return placed(plain(decompress(input, { chunkSize, maxOutputLength: maxOutput })), room);
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
      throw outputTooLarge(format, maxOutput);
    }
    throw nativeError(format, error);
  }
}

/** The native decompressor would end quietly at the end of truncated data or of a first frame. */
function requireOneFrame(input: Uint8Array): void {
  const frames = new ZstdFrames();
  const [piece] = frames.split(input);
  if (piece === undefined || !frames.complete) throw unexpectedEnd("zstd");
  if (piece.length !== input.length) {
    throw decompressionError("zstd", "something else surrounds the compressed data");
  }
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
