import {
  bytesOf,
  type ByteString,
  byteStringFromText,
  textFromByteString,
} from "../../bytes/mod.ts";
import { printable } from "../../diagnostics/mod.ts";
import { ERRNO_TEXTS } from "../call/errno.ts";
import { CODE_AARCH64 } from "./interpreter_aarch64.ts";
import { CODE_X86_64 } from "./interpreter_x86_64.ts";
import { type Architecture, type SyscallName, syscallNumber } from "../call/syscall_numbers.ts";

/** A string or byte array that lies in the image; the call gets its address. */
export interface Memory {
  kind: "memory";
  bytes: Uint8Array<ArrayBuffer>;
}

/** An array of pointers to C strings, ended by NULL, as execve(2) takes them. */
export interface PointerArray {
  kind: "pointers";
  values: ByteString[];
}

/** The result of an earlier call of the table. */
export interface ResultOf {
  kind: "result";
  of: Syscall;
}

/** The address where the result of an earlier call lies, as 64 bits. */
export interface ResultAddress {
  kind: "result address";
  of: Syscall;
}

/** A structure that is bytes with addresses of other memory in it (`struct sock_fprog`). */
export interface Structure {
  kind: "structure";
  /** 64-bit words, each a number or the address of memory or of another structure. */
  words: (number | bigint | Memory | Structure)[];
}

export type Argument =
  | number
  | bigint
  | Memory
  | PointerArray
  | ResultOf
  | ResultAddress
  | Structure;

/** One row of the table. */
export interface Syscall {
  name: SyscallName;
  arguments: Argument[];
  /** Says what failed, up to the colon before the reason; not needed where errors are ignored. */
  failure?: string;
  /** Go on with the next row whatever the result. */
  ignoreError?: boolean;
  /** Where to go on when the result is 0, as it is for the child of a clone(2). */
  onZero?: Syscall;
}

/** The address of a NUL-terminated string. */
export function text(value: ByteString): Memory {
  return { kind: "memory", bytes: bytesOf(value + "\0") };
}

/** The address of a copy of these bytes. */
export function memory(bytes: Uint8Array<ArrayBuffer>): Memory {
  return { kind: "memory", bytes };
}

/** The address of a NULL-terminated array of strings. */
export function pointers(values: ByteString[]): PointerArray {
  return { kind: "pointers", values };
}

/** What an earlier row returned. */
export function resultOf(of: Syscall): ResultOf {
  return { kind: "result", of };
}

/** Where an earlier row's result lies, for a row that writes it somewhere. */
export function resultAddress(of: Syscall): ResultAddress {
  return { kind: "result address", of };
}

/** What a failing row says around its message. */
export interface ReportStyle {
  /** Put before every message. */
  prefix: ByteString;
  /** Put after the reason; ends the line. */
  suffix: ByteString;
}

const CODE_ADDRESS = 0x400000;
const DATA_ADDRESS = 0x420000;
/** Both segments start on a page of their own for pages of up to 64 KiB (aarch64). */
const DATA_OFFSET = 0x10000;
const CODE_OFFSET = 0x200;

// Offsets in the header that the machine code knows.
const ERROR_TABLE = 0x30;
const ERRNO_TABLE = 0x38;
const FIRST_ENTRY = 0x80;

// Offsets in an entry that the machine code knows.
const ENTRY_ARGUMENTS = 8;
const ENTRY_FLAGS = 56;
const ENTRY_BRANCH = 64;
const ENTRY_RESULT = 72;
const ENTRY_MESSAGE = 80;
const ENTRY_SIZE = 96;
const IGNORE_ERROR = 1 << 8;

const MAX_ERRNO = 133;
const STDERR = 2;

/**
 * Makes a static ELF executable that runs system calls one after the other, single-threaded, which
 * a process of ours cannot be: unshare(2) and setns(2) of user namespaces, fork(2) and the like.
 *
 * A call that fails, unless its error is ignored, ends the program: one line on standard error made
 * of the row's `failure` and errno's text, exit code 1. The last row must not return.
 *
 * @param options.report null for calls that cannot fail
 */
export function syscallImage(
  table: Syscall[],
  { architecture, report }: { architecture: Architecture; report: ReportStyle | null },
): { code: Uint8Array<ArrayBuffer>; data: Uint8Array<ArrayBuffer>; dataOffset: number } {
  const data = layOutData(table, architecture, report);
  return { code: elfHeadAndCode(architecture, data.length), data, dataOffset: DATA_OFFSET };
}

function layOutData(
  table: Syscall[],
  architecture: Architecture,
  report: ReportStyle | null,
): Uint8Array<ArrayBuffer> {
  const errorTable: Syscall[] = [
    { name: "writev", arguments: [STDERR, DATA_ADDRESS, 3], ignoreError: true },
    { name: "exit_group", arguments: [1] },
  ];
  const rows = [...table, ...errorTable];
  const addresses = new Map<Syscall, number>();
  rows.forEach((row, index) => addresses.set(row, DATA_ADDRESS + FIRST_ENTRY + index * ENTRY_SIZE));
  const area = new DataArea(FIRST_ENTRY + rows.length * ENTRY_SIZE);

  const addressOf = (row: Syscall) => {
    const address = addresses.get(row);
    if (address === undefined) throw new Error(`syscall table: ${row.name} is not in the table`);
    return address;
  };
  const messages = new Map<ByteString, { address: number; length: number }>();
  /** Many rows share a message. */
  const messageOf = (failure: ByteString, { prefix }: ReportStyle) => {
    let placed = messages.get(failure);
    if (placed === undefined) {
      const bytes = bytesOf(`${prefix}${shown(failure)}: `);
      placed = { address: area.add(bytes), length: bytes.length };
      messages.set(failure, placed);
    }
    return placed;
  };

  rows.forEach((row, index) => {
    const entry = FIRST_ENTRY + index * ENTRY_SIZE;
    let flags = row.ignoreError ? IGNORE_ERROR : 0;
    area.word(entry, syscallNumber(row.name, architecture));
    row.arguments.forEach((argument, position) => {
      if (isResult(argument)) flags |= 1 << position;
      const value = isResult(argument) || isResultAddress(argument)
        ? addressOf(argument.of) + ENTRY_RESULT
        : area.argument(argument);
      area.word(entry + ENTRY_ARGUMENTS + position * 8, value);
    });
    area.word(entry + ENTRY_FLAGS, flags);
    area.word(entry + ENTRY_BRANCH, row.onZero === undefined ? 0 : addressOf(row.onZero));
    if (report === null) return;
    const message = messageOf(row.failure ?? row.name, report);
    area.word(entry + ENTRY_MESSAGE, message.address);
    area.word(entry + ENTRY_MESSAGE + 8, message.length);
  });

  if (report !== null) {
    const suffix = bytesOf(report.suffix);
    area.word(0x20, area.add(suffix));
    area.word(0x28, suffix.length);
    area.word(ERROR_TABLE, addressOf(errorTable[0] as Syscall));
    area.word(ERRNO_TABLE, errnoTexts(area));
  }
  return area.bytes();
}

/** Paths in messages come from images, too. */
function shown(failure: ByteString): ByteString {
  return byteStringFromText(printable(textFromByteString(failure)));
}

/** A table of (address, length) of the texts of all errno values; unknown ones share one text. */
function errnoTexts(area: DataArea): number {
  const table = new Uint8Array((MAX_ERRNO + 1) * 16);
  const view = new DataView(table.buffer);
  const put = (number: number, value: string) => {
    const bytes = bytesOf(value);
    view.setBigUint64(number * 16, BigInt(area.add(bytes)), true);
    view.setBigUint64(number * 16 + 8, BigInt(bytes.length), true);
  };
  for (const [number, value] of ERRNO_TEXTS) put(number, value);
  return area.add(table);
}

function isResult(argument: Argument): argument is ResultOf {
  return typeof argument === "object" && argument.kind === "result";
}

function isResultAddress(argument: Argument): argument is ResultAddress {
  return typeof argument === "object" && argument.kind === "result address";
}

/** The writable segment while it is being laid out: a fixed head, then whatever is added. */
class DataArea {
  #bytes: Uint8Array<ArrayBuffer>;
  #used: number;
  readonly #placed = new Map<Uint8Array, number>();

  constructor(head: number) {
    this.#used = head;
    this.#bytes = new Uint8Array(Math.max(4096, head * 2));
  }

  word(offset: number, value: number | bigint): void {
    new DataView(this.#bytes.buffer).setBigInt64(offset, BigInt(value), true);
  }

  /** Copies bytes in, 16-byte aligned, and returns their address. */
  add(bytes: Uint8Array): number {
    const known = this.#placed.get(bytes);
    if (known !== undefined) return known;
    const offset = (this.#used + 15) & ~15;
    this.#used = offset + bytes.length;
    if (this.#used > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#used, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, offset);
    this.#placed.set(bytes, DATA_ADDRESS + offset);
    return DATA_ADDRESS + offset;
  }

  argument(argument: Exclude<Argument, ResultOf | ResultAddress>): number | bigint {
    if (typeof argument !== "object") return argument;
    switch (argument.kind) {
      case "memory":
        return this.add(argument.bytes);
      case "pointers":
        return this.#words([...argument.values.map((value) => text(value)), 0]);
      case "structure":
        return this.#words(argument.words);
    }
  }

  #words(values: Structure["words"]): number {
    const words = new BigInt64Array(values.map((value) => BigInt(this.argument(value))));
    return this.add(new Uint8Array(words.buffer));
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#used);
  }
}

/** The ELF header, program headers and machine code (elf(5)). */
function elfHeadAndCode(architecture: Architecture, dataSize: number): Uint8Array<ArrayBuffer> {
  const code = Uint8Array.fromHex(architecture === "x86_64" ? CODE_X86_64 : CODE_AARCH64);
  const bytes = new Uint8Array(CODE_OFFSET + code.length);
  const view = new DataView(bytes.buffer);
  const ELFCLASS64 = 2, ELFDATA2LSB = 1, EV_CURRENT = 1, ET_EXEC = 2;
  const EM_X86_64 = 62, EM_AARCH64 = 183;
  bytes.set([0x7f, 0x45, 0x4c, 0x46, ELFCLASS64, ELFDATA2LSB, EV_CURRENT]);
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, architecture === "x86_64" ? EM_X86_64 : EM_AARCH64, true);
  view.setUint32(20, EV_CURRENT, true);
  view.setBigUint64(24, BigInt(CODE_ADDRESS + CODE_OFFSET), true); // e_entry
  view.setBigUint64(32, 64n, true); // e_phoff
  view.setUint16(52, 64, true); // e_ehsize
  view.setUint16(54, 56, true); // e_phentsize
  view.setUint16(56, 3, true); // e_phnum

  const PT_LOAD = 1, PT_GNU_STACK = 0x6474e551, PF_X = 1, PF_W = 2, PF_R = 4;
  const programHeader = (
    index: number,
    header: { type: number; flags: number; offset: number; address: number; size: number },
  ) => {
    const at = 64 + index * 56;
    view.setUint32(at, header.type, true);
    view.setUint32(at + 4, header.flags, true);
    view.setBigUint64(at + 8, BigInt(header.offset), true);
    view.setBigUint64(at + 16, BigInt(header.address), true);
    view.setBigUint64(at + 24, BigInt(header.address), true);
    view.setBigUint64(at + 32, BigInt(header.size), true);
    view.setBigUint64(at + 40, BigInt(header.size), true);
    view.setBigUint64(at + 48, header.type === PT_LOAD ? 0x10000n : 16n, true);
  };
  programHeader(0, {
    type: PT_LOAD,
    flags: PF_R | PF_X,
    offset: 0,
    address: CODE_ADDRESS,
    size: bytes.length,
  });
  programHeader(1, {
    type: PT_LOAD,
    flags: PF_R | PF_W,
    offset: DATA_OFFSET,
    address: DATA_ADDRESS,
    size: dataSize,
  });
  programHeader(2, { type: PT_GNU_STACK, flags: PF_R | PF_W, offset: 0, address: 0, size: 0 });

  bytes.set(code, CODE_OFFSET);
  return bytes;
}
