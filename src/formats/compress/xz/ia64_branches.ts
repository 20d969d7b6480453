/** For each template of a bundle (its lowest 5 bits): bit k says that slot k may be a branch. */
const IA64_BRANCH_SLOTS = new Map([
  [16, 0b100],
  [17, 0b100],
  [18, 0b110],
  [19, 0b110],
  [22, 0b111],
  [23, 0b111],
  [24, 0b100],
  [25, 0b100],
  [28, 0b100],
  [29, 0b100],
]);

/**
 * A bundle of 16 bytes has three slots of 41 bits. `br.call` has its target in bundles, in 21 bits
 * of which the highest is apart from the others.
 */
export function convertIa64(bytes: Uint8Array, origin: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - bytes.length % 16;
  for (let at = 0; at < end; at += 16) {
    const slots = IA64_BRANCH_SLOTS.get((bytes[at] ?? 0) & 0x1f) ?? 0;
    for (let slot = 0; slot < 3; slot++) {
      if ((slots >> slot & 1) === 0) continue;
      const position = 5 + 41 * slot;
      convertIa64Slot(view, {
        byte: at + (position >> 3),
        bit: position & 7,
        address: origin + at,
      });
    }
  }
  return end;
}

/** The slot lies in 48 bits, from a bit on. */
function convertIa64Slot(
  view: DataView,
  { byte, bit, address }: { byte: number; bit: number; address: number },
): void {
  const low = view.getUint32(byte, true);
  const high = view.getUint16(byte + 4, true);
  const field = (from: number, length: number) =>
    (from + bit < 32
      ? low >>> from + bit | high << 31 - from - bit << 1
      : high >>> from + bit - 32) &
    ((1 << length) - 1);
  if (field(37, 4) !== 5 || field(9, 3) !== 0) return;
  const absolute = field(13, 20) | field(36, 1) << 20;
  const target = absolute - (address >>> 4);
  const change = ((target & 0xfffff) - (absolute & 0xfffff)) * 2 ** (13 + bit) +
    ((target >> 20 & 1) - (absolute >> 20)) * 2 ** (36 + bit);
  const window = high * 2 ** 32 + low + change;
  view.setUint32(byte, window % 2 ** 32, true);
  view.setUint16(byte + 4, Math.floor(window / 2 ** 32), true);
}
