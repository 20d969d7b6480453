/**
 * Whether a byte stands for properties of LZMA: which bits of the position and of the last byte the
 * contexts look at. No more than 4 bits choose a literal's: more is in no file that xz writes or
 * reads.
 */
export function isLzmaProperties(byte: number): boolean {
  const literalContextBits = byte % 9;
  const literalPositionBits = Math.floor(byte / 9) % 5;
  return byte < 9 * 5 * 5 && literalContextBits + literalPositionBits <= 4;
}
