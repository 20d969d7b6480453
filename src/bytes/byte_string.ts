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

/**
 * UTF-8 encodes text into a byte string; what {@link losslessText} made of other bytes becomes those
 * bytes again.
 */
export function byteStringFromText(text: string): ByteString {
  if (isAscii(text)) return text;
  if (!/[\udc80-\udcff]/u.test(text)) return byteString(encoder.encode(text));
  return text.replace(
    /([\udc80-\udcff])|[^\udc80-\udcff]+/gu,
    (part, escape?: string) =>
      escape === undefined
        ? byteString(encoder.encode(part))
        : String.fromCharCode(escape.charCodeAt(0) - 0xdc00),
  );
}

/**
 * Text of which {@link byteStringFromText} makes this byte string, whatever it is: each byte that is
 * not part of UTF-8 stands as a lone surrogate, U+DC80 to U+DCFF, which no UTF-8 encodes (as Python's
 * `surrogateescape` has it).
 */
export function losslessText(value: ByteString): string {
  if (isAscii(value)) return value;
  return value.replace(
    UTF_8_CHARACTERS,
    (part, other?: string) =>
      other === undefined
        ? strictDecoder.decode(bytesOf(part))
        : String.fromCharCode(0xdc00 + other.charCodeAt(0)),
  );
}

/** Well-formed characters (RFC 3629, section 4) in a row, or a byte that belongs to none. */
const UTF_8_CHARACTERS = new RegExp(
  "(?:" + [
    "[\\x00-\\x7f]",
    "[\\xc2-\\xdf][\\x80-\\xbf]",
    "\\xe0[\\xa0-\\xbf][\\x80-\\xbf]",
    "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}",
    "\\xed[\\x80-\\x9f][\\x80-\\xbf]",
    "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}",
    "[\\xf1-\\xf3][\\x80-\\xbf]{3}",
    "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}",
  ].join("|") + ")+|([\\x80-\\xff])",
  "g",
);

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
