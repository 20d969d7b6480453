/**
 * Bytes as values: byte strings, and bounds-checked readers and writers for fixed layouts.
 *
 * Pure and dependency-free.
 */
export { ByteReader } from "./byte_reader.ts";
export {
  bytesOf,
  type ByteString,
  byteString,
  byteStringFromText,
  losslessText,
  textFromByteString,
} from "./byte_string.ts";
export { ByteWriter } from "./byte_writer.ts";
export { releaseBytes } from "./release_bytes.ts";
