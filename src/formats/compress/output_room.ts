/** Working room that decoders of blocks want behind the longest block. */
export const BLOCK_SLACK = 64;

/**
 * Where a decompressed block goes: fresh memory for at most so many bytes, or memory the caller
 * has, whose last BLOCK_SLACK bytes are not for the block. All of it may be written to.
 */
export type OutputRoom = number | Uint8Array;

/** How many bytes a block may have. */
export function maxOutputOf(room: OutputRoom): number {
  return typeof room === "number" ? room : room.length - BLOCK_SLACK;
}

/** Puts a block that was decoded elsewhere where it is wanted. */
export function placed(block: Uint8Array, room: OutputRoom): Uint8Array {
  if (typeof room === "number") return block;
  room.set(block);
  return room.subarray(0, block.length);
}
