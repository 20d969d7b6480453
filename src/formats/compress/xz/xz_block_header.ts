import { crc32 } from "node:zlib";
import { ByteReader } from "../../../bytes/mod.ts";
import { branchConverter, BranchFilter } from "./branch_filter.ts";
import { decompressionError } from "../compression_error.ts";
import { DeltaFilter } from "./delta_filter.ts";
import { FilterChain, type StreamFilter } from "./stream_filter.ts";
import { readInteger } from "./xz_integer.ts";

const DELTA = 0x03;
const LZMA2 = 0x21;
const CRC_LENGTH = 4;
/** Flags of the second byte; the lowest two bits are the number of filters, less one. */
const FILTER_COUNT = 0x03;
const RESERVED = 0x3c;
const HAS_COMPRESSED_SIZE = 0x40;
const HAS_UNCOMPRESSED_SIZE = 0x80;
/** The largest dictionary that is taken, twice what `xz -9` asks for, in bytes. */
const MAX_DICTIONARY = 128 << 20;

/** What the header of a block says of it (xz-file-format.txt §3.1). */
export interface XzBlockHeader {
  compressedSize: number | undefined;
  uncompressedSize: number | undefined;
  dictionarySize: number;
  /** What undoes the filters that the data went through before LZMA2. */
  filter: StreamFilter | undefined;
}

/**
 * Parses a whole header, from its size byte to its CRC.
 *
 * @throws {CompressionError} it is malformed or asks for what we lack
 */
export function parseXzBlockHeader(bytes: Uint8Array): XzBlockHeader {
  const end = bytes.length - CRC_LENGTH;
  const fields = bytes.subarray(0, end);
  if (new ByteReader(bytes.subarray(end)).u32() !== crc32(fields)) {
    throw decompressionError("xz", "incorrect check of a block header");
  }
  try {
    return parseFields(new ByteReader(fields));
  } catch (error) {
    if (error instanceof RangeError) throw decompressionError("xz", "a block header is too short");
    throw error;
  }
}

function parseFields(reader: ByteReader): XzBlockHeader {
  reader.skip(1);
  const flags = reader.u8();
  if ((flags & RESERVED) !== 0) throw decompressionError("xz", "unknown flags of a block");
  const compressedSize = (flags & HAS_COMPRESSED_SIZE) !== 0 ? readInteger(reader) : undefined;
  const uncompressedSize = (flags & HAS_UNCOMPRESSED_SIZE) !== 0 ? readInteger(reader) : undefined;
  const filters: StreamFilter[] = [];
  let dictionarySize: number | undefined;
  for (let left = (flags & FILTER_COUNT) + 1; left > 0; left--) {
    const id = readInteger(reader);
    const properties = new ByteReader(reader.bytes(readInteger(reader)));
    if (id === LZMA2) {
      if (left > 1) throw decompressionError("xz", "LZMA2 is not the last filter");
      dictionarySize = lzma2DictionarySize(properties.u8());
    } else {
      // The last one that the data went through is undone first.
      filters.unshift(filterOf(id, properties));
    }
    if (properties.remaining > 0) throw decompressionError("xz", "unknown properties of a filter");
  }
  while (reader.remaining > 0) {
    if (reader.u8() !== 0) throw decompressionError("xz", "unknown fields in a block header");
  }
  if (dictionarySize === undefined) throw decompressionError("xz", "a block is not in LZMA2");
  const filter = filters.length > 1 ? new FilterChain(filters) : filters[0];
  return { compressedSize, uncompressedSize, dictionarySize, filter };
}

function filterOf(id: number, properties: ByteReader): StreamFilter {
  if (id === DELTA) return new DeltaFilter(properties.u8() + 1);
  const convert = branchConverter(id);
  if (convert === undefined) throw decompressionError("xz", `filter ${id} is not supported`);
  return new BranchFilter({ convert, origin: properties.remaining > 0 ? properties.u32() : 0 });
}

/** A size of the form 2^n or 3·2^n, as one byte. */
function lzma2DictionarySize(code: number): number {
  if (code > 40) throw decompressionError("xz", "impossible size of a dictionary");
  const size = (2 | code & 1) * 2 ** (11 + (code >> 1));
  if (size > MAX_DICTIONARY) {
    throw decompressionError(
      "xz",
      `a dictionary of ${size / 2 ** 20} MiB is more than the ${
        MAX_DICTIONARY / 2 ** 20
      } MiB supported`,
    );
  }
  return size;
}
