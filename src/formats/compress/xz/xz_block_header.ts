import { crc32 } from "node:zlib";
import { ByteReader } from "../../../bytes/mod.ts";
import { decompressionError } from "../compression_error.ts";
import type { FilterFlags } from "./lzma2_decoder.ts";
import { readInteger } from "./xz_integer.ts";

const DELTA = 0x03;
/** The first and the last of the filters for machine code: x86, and RISC-V. */
const FIRST_BRANCH_FILTER = 0x04;
const LAST_BRANCH_FILTER = 0x0b;
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
  filters: FilterFlags;
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
    return parseFields(fields);
  } catch (error) {
    if (error instanceof RangeError) throw decompressionError("xz", "a block header is too short");
    throw error;
  }
}

function parseFields(bytes: Uint8Array): XzBlockHeader {
  const reader = new ByteReader(bytes);
  reader.skip(1);
  const flags = reader.u8();
  if ((flags & RESERVED) !== 0) throw decompressionError("xz", "unknown flags of a block");
  const compressedSize = (flags & HAS_COMPRESSED_SIZE) !== 0 ? readInteger(reader) : undefined;
  const uncompressedSize = (flags & HAS_UNCOMPRESSED_SIZE) !== 0 ? readInteger(reader) : undefined;
  const count = (flags & FILTER_COUNT) + 1;
  const start = reader.position;
  let id = 0;
  for (let left = count; left > 0; left--) {
    id = readInteger(reader);
    const properties = new ByteReader(reader.bytes(readInteger(reader)));
    if (id === LZMA2) {
      if (left > 1) throw decompressionError("xz", "LZMA2 is not the last filter");
      requireDictionary(properties.u8());
    } else {
      skipProperties(id, properties);
    }
    if (properties.remaining > 0) throw decompressionError("xz", "unknown properties of a filter");
  }
  const filters = { count, flags: bytes.subarray(start, reader.position) };
  while (reader.remaining > 0) {
    if (reader.u8() !== 0) throw decompressionError("xz", "unknown fields in a block header");
  }
  if (id !== LZMA2) throw decompressionError("xz", "a block is not in LZMA2");
  return { compressedSize, uncompressedSize, filters };
}

/** Passes over the properties of a filter, those that are not always there included. */
function skipProperties(id: number, properties: ByteReader): void {
  if (id === DELTA) {
    properties.skip(1);
  } else if (id < FIRST_BRANCH_FILTER || id > LAST_BRANCH_FILTER) {
    throw decompressionError("xz", `filter ${id} is not supported`);
  } else if (properties.remaining > 0) {
    properties.skip(4);
  }
}

/** Minds the size of the dictionary, of the form 2^n or 3·2^n, which is one byte. */
function requireDictionary(code: number): void {
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
}
