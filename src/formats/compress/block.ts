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
import { decodeXz } from "./xz/xz_decoder.ts";
import { encodeXz } from "./xz/xz_encoder.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** The compressions of squashfs, by the names of mksquashfs; "gzip" is the zlib format. */
export type BlockCompression = "gzip" | "lzma" | "lzo" | "xz" | "lz4" | "zstd";

/** Room beyond the data that spares native code a second, empty buffer. */
const SLACK = 64;

/**
 * Decompresses one block, of at most `maxOutput` bytes.
 *
 * @throws {CompressionError} the block is malformed or decompresses to more than `maxOutput` bytes
 */
export function decompressBlock(
  compression: BlockCompression,
  input: Uint8Array,
  maxOutput: number,
): Uint8Array {
  switch (compression) {
    case "gzip":
      return native({ format: "zlib", maxOutput }, (options) => inflateSync(input, options));
    case "zstd":
      requireOneFrame(input);
      return native({ format: "zstd", maxOutput }, (options) => zstdDecompressSync(input, options));
    case "lz4":
      return decodeLz4(input, maxOutput);
    case "lzo":
      return decodeLzo(input, maxOutput);
    case "lzma":
      return decodeLzmaAlone(input, maxOutput);
    case "xz":
      return decodeWhole(decodeXz(), { format: "xz", input, maxOutput });
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

function native(
  { format, maxOutput }: { format: string; maxOutput: number },
  run: (options: { chunkSize: number; maxOutputLength: number }) => Uint8Array,
): Uint8Array {
  try {
    return plain(run({ chunkSize: maxOutput + SLACK, maxOutputLength: maxOutput }));
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
  return input.length + (input.length >> 7) + 4 * SLACK;
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
