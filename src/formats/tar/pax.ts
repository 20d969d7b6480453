import { type ByteString, byteString } from "../../bytes/mod.ts";
import { TarError } from "./tar_error.ts";

/** The records of a pax extended header (pax(1), "pax Extended Header") that matter to us. */
export interface PaxRecords {
  /** Values by keyword; an empty one says that a global value does not hold. */
  values: Map<ByteString, ByteString>;
  /** Extended attributes by full name; null for none. */
  xattrs: Map<ByteString, Uint8Array> | null;
  /** Offsets and lengths in turn, from the repeated records of GNU sparse format 0.0. */
  sparsePairs: number[];
}

const KEYWORDS: ReadonlySet<ByteString> = new Set([
  "path",
  "linkpath",
  "size",
  "uid",
  "gid",
  "mtime",
  "GNU.sparse.major",
  "GNU.sparse.minor",
  "GNU.sparse.name",
  "GNU.sparse.size",
  "GNU.sparse.realsize",
  "GNU.sparse.map",
]);
const XATTR_PREFIX = "SCHILY.xattr.";
/** Longer lengths than this cannot be those of a record. */
const MAX_LENGTH_DIGITS = 8;
const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

/** Reads the body of a pax extended header. @throws {TarError} on a malformed record */
export function parsePaxRecords(body: Uint8Array): PaxRecords {
  const records: PaxRecords = { values: new Map(), xattrs: null, sparsePairs: [] };
  let at = 0;
  // Some writers fill the rest of the body with NULs.
  while (at < body.length && body[at] !== 0) {
    const start = at;
    let length = 0;
    while (body[at] !== SPACE) {
      const digit = (body[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9 || at - start >= MAX_LENGTH_DIGITS) throw malformed();
      length = length * 10 + digit;
      at++;
    }
    const end = start + length - 1;
    const equals = body.indexOf(EQUALS, at + 1);
    if (end >= body.length || body[end] !== NEWLINE || equals === -1 || equals >= end) {
      throw malformed();
    }
    addRecord(records, byteString(body, at + 1, equals), body.subarray(equals + 1, end));
    at = end + 1;
  }
  return records;
}

function addRecord(records: PaxRecords, keyword: ByteString, value: Uint8Array): void {
  if (KEYWORDS.has(keyword)) {
    if (value.includes(0)) throw new TarError(`NUL in pax ${keyword}`);
    records.values.set(keyword, byteString(value));
  } else if (keyword === "GNU.sparse.offset" || keyword === "GNU.sparse.numbytes") {
    if ((keyword === "GNU.sparse.offset") !== (records.sparsePairs.length % 2 === 0)) {
      throw new TarError("malformed sparse map");
    }
    records.sparsePairs.push(parseDecimal(byteString(value), keyword));
  } else if (keyword.startsWith(XATTR_PREFIX) && keyword.length > XATTR_PREFIX.length) {
    // A copy: the body is a buffer that is used again.
    (records.xattrs ??= new Map()).set(keyword.slice(XATTR_PREFIX.length), value.slice());
  }
}

/** Reads a size, an id or a count. @throws {TarError} when it is none, or too large */
export function parseDecimal(text: ByteString, what: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw new TarError(`malformed number in ${what}`);
  return value;
}

/** Reads a time: seconds, perhaps negative, perhaps with a fraction. @throws {TarError} */
export function parseTime(text: ByteString): number {
  const value = /^-?[0-9]{1,15}(\.[0-9]*)?$/.test(text) ? Number(text) : NaN;
  if (!Number.isFinite(value)) throw new TarError("malformed time in pax header");
  return value;
}

function malformed(): TarError {
  return new TarError("malformed pax header");
}
