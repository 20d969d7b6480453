/** An executable as `deno compile` lays one out, made by hand: nothing in it can run. */

const HEADER_SIZE = 64, SEGMENT_SIZE = 56;

/** A segment: type, flags, offset, address, size in the file, size in memory. */
export type SegmentRow = [
  type: number,
  flags: number,
  offset: number,
  address: number,
  fileSize: number,
  memorySize: number,
];

export const ENTRY = 0x2010;
export const SEGMENTS: readonly SegmentRow[] = [
  [6, 4, 64, 64, 280, 280],
  [1, 4, 0, 0, 0x300, 0x300],
  [1, 5, 0x1000, 0x2000, 0x200, 0x200],
  [1, 6, 0x1200, 0x4200, 0x100, 0x900],
  [4, 4, 0x200, 0x200, 0x40, 0x40],
];

/** The ELF file, which ends at an odd place, then the program's data. */
export function testExecutable(
  { segments = SEGMENTS, machine = 62, data = "the program" }: {
    segments?: readonly SegmentRow[];
    machine?: number;
    data?: string;
  } = {},
): Uint8Array<ArrayBuffer> {
  const size = 0x1305;
  const bytes = new Uint8Array(size).map((_, index) => index % 251);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x7f454c46);
  view.setUint32(4, 0x02010100);
  view.setUint16(16, 3, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(24, BigInt(ENTRY), true);
  view.setBigUint64(32, BigInt(HEADER_SIZE), true);
  view.setUint16(54, SEGMENT_SIZE, true);
  view.setUint16(56, segments.length, true);
  segments.forEach(([type, flags, offset, address, fileSize, memorySize], index) => {
    const header = HEADER_SIZE + index * SEGMENT_SIZE;
    view.setUint32(header, type, true);
    view.setUint32(header + 4, flags, true);
    [offset, address, address, fileSize, memorySize, 0x1000].forEach((word, field) =>
      view.setBigUint64(header + 8 + field * 8, BigInt(word), true)
    );
  });
  return withProgramData(bytes, data);
}

/** Puts a program's data behind an ELF file. */
export function withProgramData(elf: Uint8Array, data: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(data);
  const result = new Uint8Array(elf.length + text.length + 16);
  result.set(elf);
  result.set(text, elf.length);
  const trailer = new DataView(result.buffer, elf.length + text.length);
  trailer.setUint32(0, 0x501e, true);
  trailer.setBigUint64(8, BigInt(text.length + 16), true);
  return result;
}
