import { bytesOf, type ByteString } from "../../src/bytes/mod.ts";

/** A member for {@link tarArchive}; what is left out has a plain value. */
export interface TarMember {
  path: ByteString;
  /** The typeflag of tar(5); by default a directory for a path with a slash at its end, or a file. */
  type?: string;
  data?: Uint8Array | string;
  link?: ByteString;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  major?: number;
  minor?: number;
  /** Written as the size instead of the length of the data. */
  size?: number;
  /** Records of a pax header before the member; an array where a keyword is repeated. */
  pax?: Record<string, ByteString> | [string, ByteString][];
  /** Changes the finished header block before its checksum is computed. */
  patch?: (header: Uint8Array) => void;
}

/** The bytes of a ustar archive with these members, and two zero blocks at its end. */
export function tarArchive(members: TarMember[]): Uint8Array<ArrayBuffer> {
  return concat([...members.map(tarMember), new Uint8Array(1024)]);
}

/** The blocks of one member. */
export function tarMember(member: TarMember): Uint8Array<ArrayBuffer> {
  const data = typeof member.data === "string"
    ? bytesOf(member.data)
    : member.data ?? new Uint8Array();
  const parts = [tarHeader(member, data.length), padded(data)];
  if (member.pax !== undefined) {
    const records = Array.isArray(member.pax) ? member.pax : Object.entries(member.pax);
    const body = bytesOf(records.map(([keyword, value]) => paxRecord(keyword, value)).join(""));
    parts.unshift(tarHeader({ path: "pax", type: "x" }, body.length), padded(body));
  }
  return concat(parts);
}

/** `LENGTH KEYWORD=VALUE\n`, where the length counts itself. */
export function paxRecord(keyword: string, value: ByteString): ByteString {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) {
    length = String(length).length + rest.length;
  }
  return `${length}${rest}`;
}

/** Puts the checksum in, after a header was changed. */
export function signHeader(header: Uint8Array): void {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

function tarHeader(member: TarMember, dataLength: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(512);
  const put = (at: number, text: string) => header.set(bytesOf(text), at);
  const octal = (at: number, length: number, value: number) =>
    put(at, `${value.toString(8).padStart(length - 1, "0")}\0`);
  const type = member.type ?? (member.path.endsWith("/") ? "5" : "0");
  put(0, member.path.slice(0, 100));
  octal(100, 8, member.mode ?? (type === "5" ? 0o755 : 0o644));
  octal(108, 8, member.uid ?? 0);
  octal(116, 8, member.gid ?? 0);
  octal(124, 12, member.size ?? dataLength);
  octal(136, 12, member.mtime ?? 0);
  put(156, type);
  put(157, (member.link ?? "").slice(0, 100));
  put(257, "ustar\x0000");
  octal(329, 8, member.major ?? 0);
  octal(337, 8, member.minor ?? 0);
  member.patch?.(header);
  signHeader(header);
  return header;
}

function padded(data: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(data.length / 512) * 512);
  result.set(data);
  return result;
}

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
