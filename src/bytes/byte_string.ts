/**
 * A string that holds one byte (0–255) per character.
 *
 * File names are bytes, not text: Linux accepts any byte but NUL and `/`. Byte strings keep such
 * names whole, compare and sort in byte order, serve as map keys and cost one byte per character in
 * V8. Inside archives, images and trees every name, link target and xattr key is a byte string;
 * conversion to and from text happens only where people read or type it.
 */
export type ByteString = string;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const CHUNK = 8192;

/** The byte string that holds exactly these bytes. */
export function byteString(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
  if (end - start <= CHUNK) {
    return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  }
  let result = "";
  for (let at = start; at < end; at += CHUNK) {
    result += byteString(bytes, at, Math.min(at + CHUNK, end));
  }
  return result;
}

/** The bytes of a byte string. */
export function bytesOf(value: ByteString): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(value.length);
  for (let index = 0; index < value.length; index++) bytes[index] = value.charCodeAt(index);
  return bytes;
}

/** UTF-8 encodes text into a byte string. */
export function byteStringFromText(text: string): ByteString {
  return isAscii(text) ? text : byteString(encoder.encode(text));
}

/** The text a byte string encodes as UTF-8; bytes that are not UTF-8 come out as `\xNN`. */
export function textFromByteString(value: ByteString): string {
  if (isAscii(value)) return value;
  try {
    return strictDecoder.decode(bytesOf(value));
  } catch {
    return value.replace(/[\x80-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
  }
}

function isAscii(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    if (value.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}
