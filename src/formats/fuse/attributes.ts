import { setU64, SIZE } from "./layout.ts";

/** What stat(2) tells of a file (struct fuse_attr). */
export interface Attributes {
  inodeNumber: number;
  size: number;
  /** Units of 512 bytes. */
  blocks: number;
  /** The one time squashfs has, in seconds since the epoch: of access, modification and change. */
  time: number;
  /** Type and permissions. */
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  /** Device number in the kernel's 32-bit encoding; 0 for other files. */
  device: number;
  /** Good size for reads. */
  blockSize: number;
}

/** Writes a struct fuse_attr, every byte of it. */
export function writeAttributes(view: DataView, at: number, attributes: Attributes): void {
  setU64(view, at, attributes.inodeNumber);
  setU64(view, at + 8, attributes.size);
  setU64(view, at + 16, attributes.blocks);
  setU64(view, at + 24, attributes.time);
  setU64(view, at + 32, attributes.time);
  setU64(view, at + 40, attributes.time);
  view.setUint32(at + 48, 0, true);
  view.setUint32(at + 52, 0, true);
  view.setUint32(at + 56, 0, true);
  view.setUint32(at + 60, attributes.mode, true);
  view.setUint32(at + 64, attributes.nlink, true);
  view.setUint32(at + 68, attributes.uid, true);
  view.setUint32(at + 72, attributes.gid, true);
  view.setUint32(at + 76, attributes.device, true);
  view.setUint32(at + 80, attributes.blockSize, true);
  view.setUint32(at + 84, 0, true);
}

/** A file under a name (struct fuse_entry_out). */
export interface Entry {
  /** What the kernel will call the file by; 0 says that there is no such name. */
  nodeId: number;
  /** Null where there is no such name. */
  attributes: Attributes | null;
}

/**
 * Seconds for which the kernel may believe what it was told. Images never change: this is as good
 * as for ever, and small enough for every kernel's arithmetic.
 */
const VALID_SECONDS = 30 * 24 * 3600;

/** Writes a struct fuse_entry_out, every byte of it. */
export function writeEntry(view: DataView, at: number, entry: Entry): void {
  setU64(view, at, entry.nodeId);
  setU64(view, at + 8, 0); // No number is ever given to another file: all are of generation 0.
  setU64(view, at + 16, VALID_SECONDS);
  setU64(view, at + 24, VALID_SECONDS);
  setU64(view, at + 32, 0);
  if (entry.attributes === null) clear(view, at + SIZE.entryOut - SIZE.attr, SIZE.attr);
  else writeAttributes(view, at + SIZE.entryOut - SIZE.attr, entry.attributes);
}

/** Writes a struct fuse_attr_out, every byte of it. */
export function writeAttributesReply(view: DataView, at: number, attributes: Attributes): void {
  setU64(view, at, VALID_SECONDS);
  setU64(view, at + 8, 0);
  writeAttributes(view, at + SIZE.attrOut - SIZE.attr, attributes);
}

function clear(view: DataView, at: number, length: number): void {
  new Uint8Array(view.buffer, view.byteOffset + at, length).fill(0);
}
