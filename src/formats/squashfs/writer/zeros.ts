/** Whether every byte is zero. */
export function isZero(bytes: Uint8Array): boolean {
  const { buffer, byteOffset, length } = bytes;
  // Data hardly ever begins with zeros; what does is compared in words.
  const head = Math.min(length, 4 - byteOffset % 4);
  for (let index = 0; index < head; index++) if (bytes[index] !== 0) return false;
  if (head === length) return true;
  const words = new Uint32Array(buffer, byteOffset + head, Math.floor((length - head) / 4));
  for (let index = 0; index < words.length; index++) if (words[index] !== 0) return false;
  for (let index = head + words.length * 4; index < length; index++) {
    if (bytes[index] !== 0) return false;
  }
  return true;
}
