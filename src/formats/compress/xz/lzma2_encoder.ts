import type { ByteWriter } from "../../../bytes/mod.ts";
import { LzmaEncoder } from "./lzma_encoder.ts";
import { MAX_MATCH } from "./lzma_model.ts";
import { LzmaParser } from "./lzma_parser.ts";

const PROPERTIES = { literalContextBits: 3, literalPositionBits: 0, positionBits: 2 };
const PROPERTIES_BYTE = (PROPERTIES.positionBits * 5 + PROPERTIES.literalPositionBits) * 9 +
  PROPERTIES.literalContextBits;
/** The largest chunk, as it is compressed and as it was. */
const MAX_COMPRESSED = 1 << 16;
const MAX_UNCOMPRESSED = 1 << 21;

/** Writes input as LZMA2, with a dictionary of all that went before. */
export function encodeLzma2(input: Uint8Array, writer: ByteWriter): void {
  const encoder = new LzmaEncoder(input, {
    properties: PROPERTIES,
    maxRun: MAX_COMPRESSED,
  });
  const parser = new LzmaParser(input, encoder);
  let hasDictionary = false;
  let hasProperties = false;
  let hasState = false;
  while (encoder.at < input.length) {
    const start = encoder.at;
    const last = Math.min(input.length, start + MAX_UNCOMPRESSED - MAX_MATCH);
    while (encoder.at < last && !encoder.isFull) parser.step();
    const size = encoder.at - start;
    const run = encoder.finishRun();

    if (run.length < size) {
      const reset = hasState ? 0 : hasProperties ? 1 : hasDictionary ? 2 : 3;
      writer.u8(0x80 | reset << 5 | (size - 1) >> 16);
      writer.u8((size - 1) >> 8);
      writer.u8(size - 1);
      writer.u8((run.length - 1) >> 8);
      writer.u8(run.length - 1);
      if (!hasProperties) writer.u8(PROPERTIES_BYTE);
      writer.bytes(run);
      hasProperties = true;
      hasState = true;
    } else {
      // What does not shrink fits into a stored chunk, since it is not longer than the run.
      writer.u8(hasDictionary ? 2 : 1);
      writer.u8((size - 1) >> 8);
      writer.u8(size - 1);
      writer.bytes(input.subarray(start, encoder.at));
      encoder.reset();
      hasState = false;
    }
    hasDictionary = true;
  }
  writer.u8(0);
}
