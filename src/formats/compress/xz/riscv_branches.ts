/**
 * `jal` to x1 or x5 has 20 bits of target, in units of 2 bytes and in an order of their own; a
 * compressor stores them in the order of an address. `auipc` and the instruction that adds the
 * lower 12 bits become one with the address as a whole, in the order of big-endian machines; it looks
 * like an `auipc` to x2. What looked so before became what no program has.
 */
export function convertRiscV(bytes: Uint8Array, origin: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const first = view.getUint32(at, true);
    if ((first & 0xdff) === 0x0ef) {
      view.setUint32(at, relativeJal(first, (origin + at) | 0), true);
      at += 4;
    } else if ((first & 0x7f) === 0x17) {
      at += convertAuipc(view, { at, address: (origin + at) | 0 });
    } else {
      at += 2;
    }
  }
  return at;
}

function relativeJal(word: number, address: number): number {
  const absolute = (word & 0xf000) << 5 | (word >>> 7 & 0x1fe00) | (word >>> 23 & 0x1fe);
  const target = absolute - address;
  return ((word & 0xfff) | (target & 0xff000) | (target & 0x800) << 9 | (target & 0x7fe) << 20 |
    (target & 0x100000) << 11) >>> 0;
}

/** Converts an `auipc` with what follows it. @returns how many bytes that was */
function convertAuipc(
  view: DataView,
  { at, address }: { at: number; address: number },
): number {
  const first = view.getUint32(at, true);
  const put = (one: number, two: number) => {
    view.setUint32(at, one, true);
    view.setUint32(at + 4, two, true);
    return 8;
  };
  if ((first & 0xe80) !== 0) {
    // To a register that is neither x0 nor x2: a pair if that is the base register of the next.
    const second = view.getUint32(at + 4, true);
    const isPair = (second & 3) === 3 && (first >>> 7 & 0x1f) === (second >>> 15 & 0x1f);
    if (!isPair) return 6;
    return put(0x117 | second << 12, (first & 0xfffff000) + (second >>> 20));
  }
  const base = first >>> 27;
  if ((first & 0x3fff) !== 0x3117 || (base & 0x1d) === 0) return 4;
  const target = (view.getUint32(at + 4, false) - address) | 0;
  return put(0x17 | base << 7 | (target + 0x800) & 0xfffff000, first >>> 12 | target << 20);
}
