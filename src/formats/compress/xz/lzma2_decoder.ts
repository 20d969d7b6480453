import { decompressionError } from "../compression_error.ts";
import { type DecoderSteps, take } from "./decoder_steps.ts";
import { LzmaDecoder } from "./lzma_decoder.ts";
import { lzmaProperties } from "./lzma_model.ts";
import type { LzmaWindow } from "./lzma_window.ts";

/** Control bytes (the comment in xz's lzma2_decoder.c is the specification there is). */
const END = 0x00;
const STORED_NEW_DICTIONARY = 0x01;
const STORED = 0x02;
const COMPRESSED = 0x80;
const COMPRESSED_NEW_STATE = 0xa0;
const COMPRESSED_NEW_PROPERTIES = 0xc0;
const COMPRESSED_NEW_DICTIONARY = 0xe0;

/**
 * Decodes LZMA2, which cuts LZMA into chunks of at most 64 KiB, compressed or stored.
 *
 * Returns how long the compressed data were.
 *
 * @throws {CompressionError} the data are malformed
 */
export function* decodeLzma2(window: LzmaWindow): DecoderSteps<number> {
  const decoder = new LzmaDecoder("xz");
  let needsDictionary = true;
  let needsProperties = true;
  let consumed = 0;
  while (true) {
    const control = (yield* take("xz", 1))[0] ?? 0;
    consumed++;
    if (control === END) return consumed;
    if (control > STORED && control < COMPRESSED) {
      throw decompressionError("xz", "unknown LZMA2 chunk");
    }

    if (control === STORED_NEW_DICTIONARY || control >= COMPRESSED_NEW_DICTIONARY) {
      window.origin = window.position;
      needsDictionary = false;
      needsProperties = true;
    } else if (needsDictionary) {
      throw decompressionError("xz", "the first LZMA2 chunk does not start a dictionary");
    }

    if (control < COMPRESSED) {
      const header = yield* take("xz", 2);
      const size = ((header[0] ?? 0) << 8 | (header[1] ?? 0)) + 1;
      const stored = yield* take("xz", size);
      window.reserve(size);
      window.bytes.set(stored, window.position);
      window.position += size;
      consumed += 2 + size;
      yield window.bytes.subarray(window.position - size, window.position);
      continue;
    }

    const header = yield* take("xz", 4);
    const uncompressed = ((control & 0x1f) << 16 | (header[0] ?? 0) << 8 | (header[1] ?? 0)) + 1;
    const compressed = ((header[2] ?? 0) << 8 | (header[3] ?? 0)) + 1;
    consumed += 4 + compressed;
    if (control >= COMPRESSED_NEW_PROPERTIES) {
      const properties = lzmaProperties((yield* take("xz", 1))[0] ?? 0);
      consumed++;
      if (properties === undefined) throw decompressionError("xz", "impossible LZMA properties");
      decoder.setProperties(properties);
      needsProperties = false;
    } else if (needsProperties) {
      throw decompressionError("xz", "an LZMA2 chunk lacks properties");
    } else if (control >= COMPRESSED_NEW_STATE) {
      decoder.resetState();
    }

    const input = yield* take("xz", compressed);
    window.reserve(uncompressed);
    const start = window.position;
    const limit = start + uncompressed;
    const end = decoder.decode(window, { input, from: 0, end: compressed, limit });
    if (end.isMarked || !end.isFinished || end.at !== compressed) {
      throw decompressionError("xz", "an LZMA2 chunk does not end where it should");
    }
    yield window.bytes.subarray(start, limit);
  }
}
