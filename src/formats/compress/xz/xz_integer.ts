import type { ByteReader } from "../../../bytes/mod.ts";
import { decompressionError } from "../compression_error.ts";

/** Seven bits a byte, and no more than a number can hold. */
const MAX_BITS = 49;

/** Reads an integer of variable length (xz-file-format.txt §1.2): seven bits a byte, lowest first. */
export function readInteger(reader: ByteReader): number {
  let value = 0;
  for (let shift = 0; shift < MAX_BITS; shift += 7) {
    const byte = reader.u8();
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw decompressionError("xz", "a number is too large");
}

/** The bytes of an integer of variable length. */
export function integerBytes(value: number): number[] {
  const bytes = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push(rest % 0x80 | 0x80);
  bytes.push(rest);
  return bytes;
}
