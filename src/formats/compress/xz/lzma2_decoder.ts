import { type CompressionError, decompressionError, unexpectedEnd } from "../compression_error.ts";
import { type DecoderSteps, take } from "./decoder_steps.ts";
import { type Liblzma, LzmaFault } from "./liblzma.ts";
import { isLzmaProperties } from "./lzma_properties.ts";

/** Control bytes (the comment in xz's lzma2_decoder.c is the specification there is). */
const END = 0x00;
const STORED_NEW_DICTIONARY = 0x01;
const STORED = 0x02;
const COMPRESSED = 0x80;
const COMPRESSED_NEW_PROPERTIES = 0xc0;
const COMPRESSED_NEW_DICTIONARY = 0xe0;
/** How many bytes the range decoder reads before the first bit; the first of them is 0. */
const RANGE_HEADER = 5;

/** The filters that data went through, as a block header has them; the last one is LZMA2. */
export interface FilterFlags {
  count: number;
  flags: Uint8Array;
}

/**
 * Decodes LZMA2, which cuts LZMA into chunks of at most 64 KiB, compressed or stored, and undoes
 * the filters before it.
 *
 * We take one chunk after the other from the input and look at its header, so that no more is
 * taken than there is and the faults have names; liblzma does the rest.
 *
 * Returns how long the compressed data were.
 *
 * @throws {CompressionError} the data are malformed
 */
export function* decodeLzma2(
  coder: Liblzma,
  { count, flags }: FilterFlags,
): DecoderSteps<number> {
  try {
    coder.startFilters(count, flags);
    return yield* decodeChunks(coder);
  } catch (error) {
    throw error instanceof LzmaFault ? faultOf(error) : error;
  }
}

function* decodeChunks(coder: Liblzma): DecoderSteps<number> {
  let needsDictionary = true;
  let needsProperties = true;
  let consumed = 0;
  while (true) {
    const control = (yield* take("xz", 1))[0] ?? 0;
    if (control > STORED && control < COMPRESSED) {
      throw decompressionError("xz", "unknown LZMA2 chunk");
    }
    if (control === STORED_NEW_DICTIONARY || control >= COMPRESSED_NEW_DICTIONARY) {
      needsDictionary = false;
      needsProperties = true;
    } else if (needsDictionary && control !== END) {
      throw decompressionError("xz", "the first LZMA2 chunk does not start a dictionary");
    }
    const bringsProperties = control >= COMPRESSED_NEW_PROPERTIES;
    if (bringsProperties) needsProperties = false;
    if (control >= COMPRESSED && needsProperties) {
      throw decompressionError("xz", "an LZMA2 chunk lacks properties");
    }

    const isEnd = yield* coder.code(Uint8Array.of(control));
    consumed++;
    if (isEnd !== (control === END)) throw faultOf();
    if (isEnd) return consumed;
    if (control < COMPRESSED) {
      const header = yield* passOn(coder, 2);
      const size = ((header[0] ?? 0) << 8 | (header[1] ?? 0)) + 1;
      yield* passOn(coder, size);
      consumed += header.length + size;
    } else {
      const header = yield* passOn(coder, 4);
      const size = ((header[2] ?? 0) << 8 | (header[3] ?? 0)) + 1;
      if (bringsProperties) yield* passOn(coder, 1, requireProperties);
      yield* passOn(coder, size, requireRangeCoder);
      consumed += header.length + (bringsProperties ? 1 : 0) + size;
    }
  }
}

/** Takes so many bytes for the coder, and returns them. */
function* passOn(
  coder: Liblzma,
  length: number,
  examine?: (bytes: Uint8Array) => void,
): DecoderSteps<Uint8Array> {
  const bytes = yield* take("xz", length);
  examine?.(bytes);
  yield* coder.code(bytes);
  return bytes;
}

function requireProperties([byte = 0]: Uint8Array): void {
  if (!isLzmaProperties(byte)) throw decompressionError("xz", "impossible LZMA properties");
}

function requireRangeCoder(compressed: Uint8Array): void {
  if (compressed.length < RANGE_HEADER) throw unexpectedEnd("xz");
  if (compressed[0] !== 0) throw decompressionError("xz", "no range coder");
}

function faultOf(fault?: LzmaFault): CompressionError {
  const damage = "an LZMA2 chunk is damaged, or does not end where it should";
  return decompressionError("xz", fault?.reason ?? damage);
}
