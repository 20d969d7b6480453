import { type ByteString, byteString } from "../../bytes/mod.ts";
import { TarError } from "./tar_error.ts";

/** Archives consist of blocks of this many bytes. */
export const BLOCK_SIZE = 512;

/** The fields of a header block, as named in tar(5); texts are not yet put together. */
export interface Header {
  format: "v7" | "ustar" | "gnu";
  typeflag: string;
  /** With the ustar prefix. */
  name: ByteString;
  linkname: ByteString;
  mode: number;
  uid: number;
  gid: number;
  /** Bytes that follow the header, if this type of member has any. */
  size: number;
  mtime: number;
  devmajor: number;
  devminor: number;
}

/** Whether a block is all zeros; two of them end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  for (let at = 0; at < BLOCK_SIZE; at++) {
    if (block[at] !== 0) return false;
  }
  return true;
}

/** Reads a header block. @throws {TarError} when its checksum or a number is wrong */
export function parseHeader(block: Uint8Array): Header {
  verifyChecksum(block);
  const format = formatOf(block);
  const typeflag = String.fromCharCode(block[156] ?? 0);
  const isDevice = format !== "v7" && (typeflag === "3" || typeflag === "4");
  const prefix = prefixOf(block, format);
  const name = textField(block, 0, 100);
  return {
    format,
    typeflag,
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkname: textField(block, 157, 100),
    mode: numberField(block, 100, 8) & 0o7777,
    uid: numberField(block, 108, 8),
    gid: numberField(block, 116, 8),
    size: sizeField(block, 124),
    mtime: numberField(block, 136, 12),
    // Other members often have garbage here.
    devmajor: isDevice ? numberField(block, 329, 8) : 0,
    devminor: isDevice ? numberField(block, 337, 8) : 0,
  };
}

/** A field of 12 bytes that holds a size or an offset. @throws {TarError} when it is negative */
export function sizeField(block: Uint8Array, at: number): number {
  const size = numberField(block, at, 12);
  if (size < 0) throw new TarError("negative size in header");
  return size;
}

/** A text field: it ends at the first NUL, or fills the field. */
function textField(block: Uint8Array, at: number, length: number): ByteString {
  const nul = block.indexOf(0, at);
  return byteString(block, at, nul === -1 || nul > at + length ? at + length : nul);
}

/**
 * A numeric field: octal digits between blanks or NULs, or, with the high bit of its first byte set,
 * a base-256 number in two's complement (a GNU extension that everyone writes).
 */
function numberField(block: Uint8Array, at: number, length: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) return base256Field(block, at, length);
  const end = at + length;
  let index = at;
  while (index < end && isBlank(block[index])) index++;
  let value = 0;
  for (; index < end && !isBlank(block[index]); index++) {
    const digit = (block[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) throw new TarError("malformed number in header");
    value = value * 8 + digit;
  }
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

function base256Field(block: Uint8Array, at: number, length: number): number {
  const first = block[at] ?? 0;
  // The high bit is the mark, the next one the sign.
  let value = (first & 0x40) === 0 ? first & 0x7f : (first & 0x7f) - 0x80;
  for (let index = at + 1; index < at + length; index++) {
    value = value * 256 + (block[index] ?? 0);
  }
  if (!Number.isSafeInteger(value)) throw new TarError("number in header is out of range");
  return value;
}

/** The checksum is the sum of all bytes with its own field as blanks; some writers add them signed. */
function verifyChecksum(block: Uint8Array): void {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at] ?? 0;
  for (let at = 156; at < BLOCK_SIZE; at++) sum += block[at] ?? 0;
  const expected = checksumField(block);
  if (sum === expected) return;
  for (let at = 0; at < BLOCK_SIZE; at++) {
    if ((at < 148 || at >= 156) && (block[at] ?? 0) >= 0x80) sum -= 0x100;
  }
  if (sum !== expected) throw new TarError("wrong checksum in header");
}

/** The checksum field; NaN, which no sum equals, where there is no number. */
function checksumField(block: Uint8Array): number {
  try {
    return numberField(block, 148, 8);
  } catch {
    return NaN;
  }
}

function formatOf(block: Uint8Array): Header["format"] {
  const magic = byteString(block, 257, 265);
  if (magic === "ustar  \0") return "gnu";
  return magic.startsWith("ustar") ? "ustar" : "v7";
}

function prefixOf(block: Uint8Array, format: Header["format"]): ByteString {
  if (block[345] === 0) return "";
  switch (format) {
    case "v7":
      return "";
    case "ustar":
      // star(1) has times in the last bytes of the field, and says so at the end of the block.
      return textField(block, 345, byteString(block, 508, 512) === "tar\0" ? 131 : 155);
    case "gnu":
      // Here GNU tar keeps octal times, but Go before 1.8, and so Docker of that age, a prefix.
      return isTimeField(block, 345) && isTimeField(block, 357) ? "" : textField(block, 345, 155);
  }
}

function isTimeField(block: Uint8Array, at: number): boolean {
  try {
    numberField(block, at, 12);
    return true;
  } catch {
    return false;
  }
}
