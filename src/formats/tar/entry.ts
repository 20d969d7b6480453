import type { ByteString } from "../../bytes/mod.ts";

interface EntryAttributes {
  /** As the archive has it: possibly with `./`, `..` or a leading or trailing slash. */
  path: ByteString;
  /** Permission, set-id and sticky bits: 0–07777. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds since the epoch; may be negative or have a fraction. */
  mtime: number;
  /** Extended attributes by full name, or null for none. */
  xattrs: Map<ByteString, Uint8Array> | null;
}

/** A member of an archive. */
export type TarEntry =
  & EntryAttributes
  & (
    | {
      kind: "file";
      /** In bytes, holes included. */
      size: number;
    }
    | { kind: "directory" | "fifo" }
    | { kind: "symlink"; target: ByteString }
    | {
      kind: "hardlink";
      /** The path of an earlier member. */
      target: ByteString;
    }
    | { kind: "character" | "block"; major: number; minor: number }
  );
