import { check, libc } from "../call/libc.ts";
import { isSyscallError, SyscallError } from "../call/syscall_error.ts";

const symbols = libc({
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  pwrite: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
});

const EIO = 5;

/**
 * Reads until `into` is full or the file ends.
 *
 * @param at.offset bytes from the start of the file
 * @returns how many bytes were read: fewer than asked for only at the end of the file
 */
export function pread(
  fd: number,
  into: Uint8Array,
  { offset }: { offset: number },
): number {
  let done = 0;
  while (done < into.length) {
    const rest = asBuffer(done === 0 ? into : into.subarray(done));
    const result = symbols().pread(fd, rest, BigInt(rest.length), BigInt(offset + done));
    const length = check(Number(result), "pread");
    if (length === 0) break;
    done += length;
  }
  return done;
}

/** Writes all of `from`, `offset` bytes from the start of the file. */
export function pwrite(
  fd: number,
  from: Uint8Array,
  { offset }: { offset: number },
): void {
  let done = 0;
  while (done < from.length) {
    const rest = asBuffer(done === 0 ? from : from.subarray(done));
    const result = symbols().pwrite(fd, rest, BigInt(rest.length), BigInt(offset + done));
    const length = check(Number(result), "pwrite");
    if (length === 0) throw new SyscallError("pwrite", EIO);
    done += length;
  }
}

/** No memory of ours is shared between threads, which is all that the types leave open. */
function asBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

/** ftruncate(2): cuts the file, or extends it with a hole. */
export function ftruncate(fd: number, size: number): void {
  check(symbols().ftruncate(fd, BigInt(size)), "ftruncate");
}

/** A stretch of a file that holds data, from `start` to before `end`, in bytes. */
export interface DataRange {
  start: number;
  end: number;
}

const SEEK_END = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/**
 * The stretch of data at or after `offset` (lseek(2), SEEK_DATA), or null when only a hole or
 * nothing is left. On a file system that does not know holes it is the rest of the file.
 *
 * Moves the descriptor's position.
 */
export function nextDataRange(fd: number, { offset }: { offset: number }): DataRange | null {
  let start: number;
  try {
    start = lseek(fd, offset, SEEK_DATA);
  } catch (error) {
    if (isSyscallError(error, "ENXIO")) return null;
    if (!isSyscallError(error, "EINVAL", "EOPNOTSUPP")) throw error;
    const end = lseek(fd, 0, SEEK_END);
    return offset < end ? { start: offset, end } : null;
  }
  return { start, end: lseek(fd, start, SEEK_HOLE) };
}

function lseek(fd: number, offset: number, whence: number): number {
  return check(Number(symbols().lseek(fd, BigInt(offset), whence)), "lseek");
}
