/** How a stream is compressed, as its first bytes tell. */
export type StreamCompression = "gzip" | "zstd" | "xz" | "bzip2" | "none";

/** How many first bytes detectCompression() wants to see. */
export const DETECTION_LENGTH = 6;

/** Tells the compression of a stream from its first bytes. */
export function detectCompression(head: Uint8Array): StreamCompression {
  if (startsWith(head, [0x1f, 0x8b])) return "gzip";
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return "zstd";
  // A zstd stream may begin with a skippable frame (RFC 8878 §3.1.2), as pzstd's do.
  if ((head[0] ?? 0) >> 4 === 0x5 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18])) {
    return "zstd";
  }
  if (startsWith(head, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return "xz";
  if (startsWith(head, [0x42, 0x5a, 0x68])) return "bzip2";
  return "none";
}

function startsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => head[index] === byte);
}
