import type { ByteString } from "../bytes/mod.ts";

/** What every file has, whatever its kind (inode(7)). */
export interface Attributes {
  /** Permission, set-id and sticky bits: 0–07777. */
  mode: number;
  uid: number;
  gid: number;
  /** Modification time in seconds since the epoch; may have a fraction. */
  mtime: number;
  /** Extended attributes by full name (`user.x`), or null for none. */
  xattrs: Map<ByteString, Uint8Array> | null;
}

/** A directory; its children by name. */
export interface Directory<Content> extends Attributes {
  kind: "directory";
  children: Map<ByteString, Inode<Content>>;
}

/** A regular file. `content` is whatever the tree's owner uses to find the data again. */
export interface RegularFile<Content> extends Attributes {
  kind: "file";
  size: number;
  content: Content;
}

/** A symbolic link. */
export interface SymbolicLink extends Attributes {
  kind: "symlink";
  target: ByteString;
}

/** A device node, with its numbers as makedev(3) takes them. */
export interface Device extends Attributes {
  kind: "character" | "block";
  major: number;
  minor: number;
}

/** A named pipe or a socket. */
export interface Special extends Attributes {
  kind: "fifo" | "socket";
}

/**
 * One file of a tree. Hard links are several names for the same object, so identity (`===`) of
 * inodes is identity of files.
 */
export type Inode<Content> =
  | Directory<Content>
  | RegularFile<Content>
  | SymbolicLink
  | Device
  | Special;
