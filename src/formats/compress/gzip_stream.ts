import { createGunzip } from "node:zlib";
import { decompressionError, nativeError } from "./compression_error.ts";
import { PUMP_CHUNK_SIZE, ZlibPump } from "./zlib_pump.ts";

/**
 * Decompresses gzip data (RFC 1952) of one or more members.
 *
 * Zero bytes may follow the last member, as tapes and block devices leave them; anything else is
 * an error, since it may be the start of a damaged member.
 *
 * @throws {CompressionError} the data are malformed, cut short or followed by something else
 */
export async function* gunzipStream(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const pump = new ZlibPump(createGunzip({ chunkSize: PUMP_CHUNK_SIZE }));
  let hasEnded = false;
  try {
    for await (const chunk of input) {
      let padding = chunk;
      if (!hasEnded) {
        pump.feed(chunk);
        for (let output; (output = await read(pump)) !== undefined;) yield output;
        padding = chunk.subarray(chunk.length - pump.unused);
        hasEnded = pump.unused > 0;
      }
      if (padding.some((byte) => byte !== 0)) {
        throw decompressionError("gzip", "something else follows the compressed data");
      }
    }
    if (!hasEnded) {
      pump.finish();
      for (let output; (output = await read(pump)) !== undefined;) yield output;
    }
  } finally {
    pump.close();
  }
}

async function read(pump: ZlibPump): Promise<Uint8Array | undefined> {
  try {
    return await pump.read();
  } catch (error) {
    throw nativeError("gzip", error);
  }
}
