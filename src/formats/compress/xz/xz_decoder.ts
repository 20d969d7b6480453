import { crc32 } from "node:zlib";
import { ByteReader } from "../../../bytes/mod.ts";
import { decompressionError, unexpectedEnd } from "../compression_error.ts";
import { type DecoderSteps, take, watchOutput } from "./decoder_steps.ts";
import { Liblzma } from "./liblzma.ts";
import { decodeLzma2 } from "./lzma2_decoder.ts";
import { parseXzBlockHeader } from "./xz_block_header.ts";
import { checkLength, startCheck } from "./xz_check.ts";
import { XzIndex } from "./xz_index.ts";

const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FOOTER_MAGIC = [0x59, 0x5a];
/** In place of a block's size byte, what comes is the index. */
const INDEX_INDICATOR = 0;
/** Streams, and what pads them, come in multiples of this many bytes. */
const ALIGNMENT = 4;

/**
 * Decodes the .xz format (xz-file-format.txt): one or more streams, with zeros between or behind.
 *
 * Blocks are LZMA2, with whatever filters xz 5.8 knows, which liblzma undoes; checks are verified if they are CRC-32,
 * CRC-64 or SHA-256.
 *
 * @throws {CompressionError} the data are malformed, cut short or use what is not supported
 */
export function decodeXz(): DecoderSteps {
  return Liblzma.lent(decodeStreams);
}

function* decodeStreams(coder: Liblzma): DecoderSteps {
  yield* decodeStream(coder, yield* take("xz", ALIGNMENT));
  while (true) {
    const start = yield ALIGNMENT;
    if (start.length === 0) return;
    if (start.length < ALIGNMENT) throw unexpectedEnd("xz");
    if (start.some((byte) => byte !== 0)) yield* decodeStream(coder, start);
  }
}

/** Decodes one stream, of which the first bytes have been taken. */
function* decodeStream(coder: Liblzma, start: Uint8Array): DecoderSteps {
  const header = new Uint8Array(12);
  header.set(start);
  header.set(yield* take("xz", header.length - start.length), start.length);
  if (HEADER_MAGIC.some((byte, index) => header[index] !== byte)) {
    throw decompressionError("xz", "something else follows the compressed data");
  }
  const flags = header.subarray(6, 8);
  if (new ByteReader(header.subarray(8)).u32() !== crc32(flags)) {
    throw decompressionError("xz", "incorrect check of the header");
  }
  const [reserved = 0, checkKind = 0] = flags;
  if (reserved !== 0 || checkKind > 15) throw decompressionError("xz", "unknown flags of a stream");

  const index = new XzIndex();
  while (true) {
    const size = yield* take("xz", 1);
    if (size[0] === INDEX_INDICATOR) break;
    index.add(yield* decodeBlock(coder, { headerSize: (size[0] ?? 0) * 4 + 4, checkKind }));
  }
  const indexSize = yield* index.read();

  const footer = yield* take("xz", 12);
  const reader = new ByteReader(footer);
  if (reader.u32() !== crc32(footer.subarray(4, 10))) {
    throw decompressionError("xz", "incorrect check of the footer");
  }
  const isFooter = reader.u32() * 4 + 4 === indexSize &&
    flags.every((byte) => byte === reader.u8()) &&
    FOOTER_MAGIC.every((byte) => byte === reader.u8());
  if (!isFooter) throw decompressionError("xz", "the footer does not match the header");
}

/** Decodes one block, of which the size byte has been taken, and returns what the index says. */
function* decodeBlock(
  coder: Liblzma,
  { headerSize, checkKind }: { headerSize: number; checkKind: number },
): DecoderSteps<{ unpaddedSize: number; uncompressedSize: number }> {
  const headerBytes = new Uint8Array(headerSize);
  headerBytes[0] = headerSize / 4 - 1;
  headerBytes.set(yield* take("xz", headerSize - 1), 1);
  const header = parseXzBlockHeader(headerBytes);
  const check = startCheck(checkKind);
  let uncompressedSize = 0;

  const compressedSize = yield* watchOutput(decodeLzma2(coder, header.filters), (output) => {
    check.update(output);
    uncompressedSize += output.length;
  });

  const isExpected = (header.compressedSize ?? compressedSize) === compressedSize &&
    (header.uncompressedSize ?? uncompressedSize) === uncompressedSize;
  if (!isExpected) throw decompressionError("xz", "a block is not the size its header says");
  const padding = yield* take("xz", -compressedSize & (ALIGNMENT - 1));
  if (padding.some((byte) => byte !== 0)) throw decompressionError("xz", "a block is not padded");
  const stored = yield* take("xz", checkLength(checkKind));
  const sum = check.digest();
  if (sum?.some((byte, index) => byte !== stored[index])) {
    throw decompressionError("xz", "incorrect check of a block");
  }
  return { unpaddedSize: headerSize + compressedSize + stored.length, uncompressedSize };
}
