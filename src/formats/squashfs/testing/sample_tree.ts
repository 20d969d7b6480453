import type { ByteString } from "../../../bytes/mod.ts";
import type { Attributes, Directory, Inode, RegularFile } from "../../../fstree/mod.ts";
import type { FileData } from "../writer/file_data.ts";
import type { SquashfsWriter } from "../writer/squashfs_writer.ts";

/** Builders of trees for tests; attributes not given are those of root's files of the epoch. */
type Given = Partial<Attributes>;

const DEFAULTS: Attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: null };

export function directory(
  children: Record<ByteString, Inode<FileData>>,
  given: Given = {},
): Directory<FileData> {
  return {
    ...DEFAULTS,
    mode: 0o755,
    ...given,
    kind: "directory",
    children: new Map(Object.entries(children)),
  };
}

/** A file whose contents are written now, in pieces of `piece` bytes. */
export function file(
  writer: SquashfsWriter,
  contents: Uint8Array,
  { piece = 1 << 20, ...given }: Given & { piece?: number } = {},
): RegularFile<FileData> {
  writer.beginFile(contents.length);
  for (let at = 0; at < contents.length; at += piece) {
    writer.write(contents.subarray(at, at + piece));
  }
  return { ...DEFAULTS, ...given, kind: "file", size: contents.length, content: writer.endFile() };
}

export function symlink(target: ByteString, given: Given = {}): Inode<FileData> {
  return { ...DEFAULTS, mode: 0o777, ...given, kind: "symlink", target };
}

export function device(
  kind: "character" | "block",
  [major, minor]: [number, number],
  given: Given = {},
): Inode<FileData> {
  return { ...DEFAULTS, ...given, kind, major, minor };
}

export function special(kind: "fifo" | "socket", given: Given = {}): Inode<FileData> {
  return { ...DEFAULTS, ...given, kind };
}

/** So many bytes that no compression shortens; the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state >>> 8;
  }
  return bytes;
}

/** So many bytes of something like text: words that compress, in an order of their own. */
export function prose(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = noise(Math.ceil(length / 6), seed);
  for (let index = 0; index < length; index++) {
    const word = words[Math.floor(index / 6)] ?? 0;
    bytes[index] = index % 6 === 5 ? 32 : 97 + (word * (index % 6 + 1)) % 26;
  }
  return bytes;
}
