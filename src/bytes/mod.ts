/**
 * Bytes as values: byte strings, and bounds-checked readers and writers for fixed layouts.
 *
 * Pure and dependency-free.
 */
export {
  bytesOf,
  type ByteString,
  byteString,
  byteStringFromText,
  textFromByteString,
} from "./byte_string.ts";
