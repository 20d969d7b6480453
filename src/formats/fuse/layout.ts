/** Sizes of the structures in linux/fuse.h, in bytes; all fields are little-endian here. */
export const SIZE = {
  inHeader: 40,
  outHeader: 16,
  attr: 88,
  entryOut: 128,
  attrOut: 104,
  openOut: 16,
  initIn: 16,
  initOut: 64,
  readIn: 40,
  getxattrIn: 8,
  getxattrOut: 8,
  statfsOut: 80,
  dirent: 24,
} as const;

const TWO_32 = 0x100000000;

/** A 64-bit field; what a number cannot hold comes out as infinity, which no check lets pass. */
export function getU64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  return high < 0x200000 ? high * TWO_32 + view.getUint32(at, true) : Infinity;
}

/** Sets a 64-bit field to an integer from 0 to 2^53 - 1. */
export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}
