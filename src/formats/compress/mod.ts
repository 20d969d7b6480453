/**
 * Compressed bytes ↔ bytes: whole streams (layers, archives) and the single blocks of squashfs.
 *
 * Streams are recognised by their first bytes, never by a name or media type. Every decoder
 * takes hostile input: memory is bounded, output never passes the bound given, and what is
 * malformed or cut short ends in a CompressionError, never in less data than there was.
 */
export { compressBlock } from "./compress_block.ts";
export { CompressionError } from "./compression_error.ts";
export { BLOCK_SLACK, type BlockCompression, decompressBlock } from "./decompress_block.ts";
export { detectCompression, type StreamCompression } from "./detect.ts";
export { decompressStream } from "./stream.ts";
