import { constants, deflateSync, zstdCompressSync, type ZstdOptions } from "node:zlib";
import { CompressionError } from "./compression_error.ts";
import type { BlockCompression } from "./decompress_block.ts";
import { encodeLz4 } from "./lz/lz4_encoder.ts";
import { encodeLzo } from "./lz/lzo_encoder.ts";
import { BLOCK_SLACK } from "./output_room.ts";
import { encodeXz } from "./xz/xz_encoder.ts";

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

/** The longest that zlib and zstd make of data they cannot compress. */
function roomFor(input: Uint8Array): number {
  return input.length + (input.length >> 7) + 4 * BLOCK_SLACK;
}

function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
