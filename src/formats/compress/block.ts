import {
  constants,
  deflateSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
  type ZstdOptions,
} from "node:zlib";
import {
  CompressionError,
  decompressionError,
  nativeError,
  outputTooLarge,
  unexpectedEnd,
} from "./compression_error.ts";
import { decodeWhole } from "./xz/decoder_steps.ts";
import { decodeLz4 } from "./lz/lz4_decoder.ts";
import { encodeLz4 } from "./lz/lz4_encoder.ts";
import { decodeLzo } from "./lz/lzo_decoder.ts";
import { encodeLzo } from "./lz/lzo_encoder.ts";
import { decodeLzmaAlone } from "./xz/lzma_alone.ts";
import { decodeNativeBlock, type NativeFormat } from "./native_block.ts";
import { BLOCK_SLACK, maxOutputOf, type OutputRoom, placed } from "./output_room.ts";
import { decodeXz } from "./xz/xz_decoder.ts";
import { encodeXz } from "./xz/xz_encoder.ts";
import { ZstdFrames } from "./zstd_frames.ts";

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

/**
 * Compresses one block. The result may be longer than the input, which the caller then stores.
 *
 * The level counts for gzip (1–9, default 9) and zstd (1–22, default 15), as with mksquashfs.
 *
 * @throws {CompressionError} the compression cannot be written
 */
export function compressBlock(
  compression: BlockCompression,
  input: Uint8Array,
  level?: number,
): Uint8Array {
  switch (compression) {
    case "gzip":
      return plain(deflateSync(input, { level: level ?? 9, chunkSize: roomFor(input) }));
    case "zstd": {
      const options: ZstdOptions & { pledgedSrcSize: number } = {
        // A frame that tells its size needs a window no larger: the kernel has none larger.
        pledgedSrcSize: input.length,
        params: { [constants.ZSTD_c_compressionLevel]: level ?? 15 },
        // A result that fills its buffer would get an empty frame appended.
        chunkSize: roomFor(input),
      };
      return plain(zstdCompressSync(input, options));
    }
    case "lz4":
      return encodeLz4(input);
    case "lzo":
      return encodeLzo(input);
    case "xz":
      return encodeXz(input);
    case "lzma":
      throw new CompressionError("Cannot compress with lzma: only reading it is supported");
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

/** The longest that zlib and zstd make of data they cannot compress. */
function roomFor(input: Uint8Array): number {
  return input.length + (input.length >> 7) + 4 * BLOCK_SLACK;
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
