import { createZstdDecompress } from "node:zlib";
import { nativeError, unexpectedEnd } from "./compression_error.ts";
import { PUMP_CHUNK_SIZE, ZlibPump } from "./zlib_pump.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/**
 * Decompresses zstd data (RFC 8878) of one or more frames, passing over skippable ones.
 *
 * Memory is bounded by libzstd's own limit for windows, 128 MiB.
 *
 * @throws {CompressionError} the data are malformed, cut short or followed by something else
 */
export async function* unzstdStream(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const pump = new ZlibPump(createZstdDecompress({ chunkSize: PUMP_CHUNK_SIZE }));
  const frames = new ZstdFrames();
  try {
    for await (const chunk of input) {
      for (const piece of frames.split(chunk)) {
        pump.feed(piece);
        for (let output; (output = await read(pump)) !== undefined;) yield output;
      }
    }
    if (!frames.complete) throw unexpectedEnd("zstd");
  } finally {
    pump.close();
  }
}

async function read(pump: ZlibPump): Promise<Uint8Array | undefined> {
  try {
    return await pump.read();
  } catch (error) {
    throw nativeError("zstd", error);
  }
}
