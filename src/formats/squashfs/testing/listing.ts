import { createHash } from "node:crypto";
import type { ByteString } from "../../../bytes/mod.ts";
import type { SquashfsInode } from "../reader/inode.ts";
import type { SquashfsReader } from "../reader/squashfs_reader.ts";

/** One line for each file of an image that says everything about it, by path. */
export function listImage(reader: SquashfsReader): Record<ByteString, string> {
  const lines: Record<ByteString, string> = {};
  const stack: { path: ByteString; inode: SquashfsInode }[] = [{ path: "/", inode: reader.root() }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { path, inode } = top;
    lines[path] = describe(reader, inode);
    if (inode.kind !== "directory") continue;
    for (const entry of reader.readDirectory(inode)) {
      const child = reader.readInode(entry.reference);
      if (child.kind !== entry.kind || child.inodeNumber !== entry.inodeNumber) {
        throw new Error(`entry and inode disagree: ${path}${entry.name}`);
      }
      stack.push({ path: `${path === "/" ? "" : path}/${entry.name}`, inode: child });
    }
  }
  return lines;
}

/** The contents of a file, put together from its layout. */
export function readThroughLayout(reader: SquashfsReader, inode: SquashfsInode): Uint8Array {
  if (inode.kind !== "file") return new Uint8Array(0);
  const contents = new Uint8Array(inode.size);
  const { blocks, tail } = reader.fileLayout(inode);
  let at = 0;
  for (const run of blocks) {
    contents.set(reader.readBlock(run), at);
    at += run.length;
  }
  if (tail !== null) {
    contents.set(reader.readFragment(tail), at);
    at += tail.length;
  }
  if (at !== inode.size) throw new Error(`layout of ${at} instead of ${inode.size} bytes`);
  return contents;
}

function describe(reader: SquashfsReader, inode: SquashfsInode): string {
  const { kind, mode, uid, gid, mtime } = inode;
  const fields = [kind, mode.toString(8), `${uid}:${gid}`, `${mtime}`];
  if (inode.kind === "file") {
    fields.push(`${inode.size}`, digest(readThroughLayout(reader, inode)), `x${inode.nlink}`);
  }
  if (inode.kind === "symlink") fields.push(inode.target);
  if (inode.kind === "character" || inode.kind === "block") {
    fields.push(`${inode.major},${inode.minor}`);
  }
  for (const [name, value] of reader.xattrs(inode) ?? []) {
    fields.push(`${name}=${digest(value)}`);
  }
  return fields.join(" ");
}

export function digest(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex").slice(0, 8);
}
