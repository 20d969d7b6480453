import type { StageArchitecture } from "./stage_code.ts";

/** What is wrong with a file that should be an executable of `deno compile`. */
export class InvalidExecutable extends Error {
  override name = "InvalidExecutable";
}

/** A segment as the program header table describes it (elf(5), Elf64_Phdr). */
export interface Segment {
  /** Where its header lies in the file. */
  header: number;
  type: number;
  flags: number;
  offset: number;
  address: number;
  fileSize: number;
  memorySize: number;
  align: number;
}

/** The parts of an executable of `deno compile` that a first stage has to do with. */
export interface Executable {
  architecture: StageArchitecture;
  entry: number;
  segments: Segment[];
  /**
   * Where the program's data begins: behind the ELF file, whose loader does not know of it. It ends
   * with the file, and its last 16 bytes tell how long it is.
   */
  dataOffset: number;
}

export const PT_LOAD = 1;
export const PT_NOTE = 4;
export const PF_X = 1;
export const PF_R = 4;

/** Where elf(5), Elf64_Ehdr and Elf64_Phdr, have what is changed here. */
export const E_ENTRY = 24;
const ET_DYN = 3;
const HEADER_SIZE = 64;
const SEGMENT_SIZE = 56;
const TRAILER_SIZE = 16;
const TRAILER_MAGIC = 0x501e;
const MACHINES: Readonly<Record<number, StageArchitecture>> = { 62: "x86_64", 183: "aarch64" };

/** Reads an executable of `deno compile`. @throws {InvalidExecutable} */
export function readExecutable(bytes: Uint8Array): Executable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < HEADER_SIZE + TRAILER_SIZE) throw new InvalidExecutable("it is too short");
  // Magic number, 64 bits, little endian, version 1.
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint32(4) >>> 8 !== 0x020101) {
    throw new InvalidExecutable("it is no ELF file of 64 bits, little endian");
  }
  if (view.getUint16(16, true) !== ET_DYN) {
    throw new InvalidExecutable("it is not position independent");
  }
  const architecture = MACHINES[view.getUint16(18, true)];
  if (architecture === undefined) throw new InvalidExecutable("it is for another architecture");
  const dataOffset = dataOffsetOf(view);
  const segments = segmentsOf(view, dataOffset);
  const entry = numberAt(view, E_ENTRY);
  const isCode = ({ type, flags, address, memorySize }: Segment) =>
    type === PT_LOAD && (flags & PF_X) !== 0 && entry >= address && entry < address + memorySize;
  if (!segments.some(isCode)) throw new InvalidExecutable("its entry lies outside its code");
  return { architecture, entry, segments, dataOffset };
}

/** libsui's trailer: a magic number, a hash of a name, the length of everything behind the ELF file. */
function dataOffsetOf(view: DataView): number {
  const trailer = view.byteLength - TRAILER_SIZE;
  if (view.getUint32(trailer, true) !== TRAILER_MAGIC) {
    throw new InvalidExecutable("it has no program data");
  }
  const length = numberAt(view, trailer + 8);
  if (length < TRAILER_SIZE || length > view.byteLength - HEADER_SIZE) {
    throw new InvalidExecutable("its program data begins outside the file");
  }
  return view.byteLength - length;
}

function segmentsOf(view: DataView, end: number): Segment[] {
  const table = numberAt(view, 32);
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  if (size !== SEGMENT_SIZE || table < HEADER_SIZE || table + count * size > end) {
    throw new InvalidExecutable("its program headers lie outside the file");
  }
  return Array.from({ length: count }, (_, index) => {
    const header = table + index * size;
    const segment: Segment = {
      header,
      type: view.getUint32(header, true),
      flags: view.getUint32(header + 4, true),
      offset: numberAt(view, header + 8),
      address: numberAt(view, header + 16),
      fileSize: numberAt(view, header + 32),
      memorySize: numberAt(view, header + 40),
      align: numberAt(view, header + 48),
    };
    if (segment.offset + segment.fileSize > end || segment.fileSize > segment.memorySize) {
      throw new InvalidExecutable("a segment lies outside the file");
    }
    return segment;
  });
}

/** A word, which for addresses and sizes has room in a number. @throws {InvalidExecutable} */
function numberAt(view: DataView, offset: number): number {
  const word = view.getBigUint64(offset, true);
  if (word > 2n ** 48n) throw new InvalidExecutable("a number in it is out of range");
  return Number(word);
}
