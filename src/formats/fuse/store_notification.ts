import { setU64, SIZE } from "./layout.ts";

/** A part of a file, by the number that replies gave the file. */
export interface FilePart {
  nodeId: number;
  /** In bytes, as is `length`. */
  offset: number;
  length: number;
}

/** FUSE_NOTIFY_STORE */
const STORE = 4;

/**
 * Writes what a notification begins with that puts a part of a file into the kernel's page cache
 * (struct fuse_out_header, struct fuse_notify_store_out). The bytes of the part follow it. A kernel
 * that does not know the file at the time takes no notice.
 *
 * The kernel waits for pages that somebody reads at the moment, and nothing can interrupt it: whoever
 * sends this may not be who answers reads.
 */
export function writeStoreNotification(
  view: DataView,
  at: number,
  { nodeId, offset, length }: FilePart,
): void {
  view.setUint32(at, SIZE.outHeader + SIZE.notifyStoreOut + length, true);
  view.setInt32(at + 4, STORE, true);
  setU64(view, at + 8, 0); // Not a reply.
  setU64(view, at + 16, nodeId);
  setU64(view, at + 24, offset);
  setU64(view, at + 32, length);
}

/** Bytes that writeStoreNotification() writes. */
export const STORE_NOTIFICATION_SIZE: number = SIZE.outHeader + SIZE.notifyStoreOut;
