import { type ByteString, byteString } from "../../bytes/mod.ts";
import { rawSyscall } from "../call/raw_syscall.ts";

/** A name in a directory. Some file systems do not tell the type: ask for the file's status. */
export interface DirectoryEntry {
  name: ByteString;
  type:
    | "directory"
    | "file"
    | "symlink"
    | "character"
    | "block"
    | "fifo"
    | "socket"
    | "unknown";
}

// d_type of getdents64(2).
const TYPES: Record<number, DirectoryEntry["type"]> = {
  1: "fifo",
  2: "character",
  4: "directory",
  6: "block",
  8: "file",
  10: "symlink",
  12: "socket",
};

const BUFFER_SIZE = 1 << 16;
let buffer: Uint8Array<ArrayBuffer> | undefined;

/** All entries from the descriptor's position to the end, `.` and `..` left out. */
export function readDirectory(fd: number): DirectoryEntry[] {
  buffer ??= new Uint8Array(BUFFER_SIZE);
  const view = new DataView(buffer.buffer);
  const entries: DirectoryEntry[] = [];
  while (true) {
    const length = rawSyscall("getdents64", [fd, buffer, BUFFER_SIZE]);
    if (length === 0) return entries;
    for (let at = 0; at < length; at += view.getUint16(at + 16, true)) {
      // struct linux_dirent64: inode, offset, record length, type, name with a NUL.
      const start = at + 19;
      const name = byteString(buffer, start, buffer.indexOf(0, start));
      if (name === "." || name === "..") continue;
      entries.push({ name, type: TYPES[buffer[at + 18] ?? 0] ?? "unknown" });
    }
  }
}
