import { pread, pwrite } from "./file_data.ts";
import { check, errno, libc } from "../call/libc.ts";

const symbols = libc({
  copy_file_range: {
    parameters: ["i32", "buffer", "i32", "buffer", "usize", "u32"],
    result: "isize",
  },
});

/** A stretch of one file and where it goes in another; bytes. */
export interface CopyRange {
  fromOffset: number;
  toOffset: number;
  length: number;
}

/** EPERM (of a seccomp filter older than the call), EXDEV, EINVAL, ENOSYS, EOPNOTSUPP. */
const REFUSALS = new Set([1, 18, 22, 38, 95]);

// The position in each file, which the kernel moves on.
const fromPosition = new BigInt64Array(1);
const toPosition = new BigInt64Array(1);

/**
 * Copies data from file to file inside the kernel (copy_file_range(2)), which shares the blocks
 * where the file system can; through memory where the kernel will not.
 *
 * @returns how many bytes were copied: fewer than asked for only when the source ends
 */
export function copyFileRange(from: number, to: number, range: CopyRange): number {
  fromPosition[0] = BigInt(range.fromOffset);
  toPosition[0] = BigInt(range.toOffset);
  let done = 0;
  while (done < range.length) {
    const copied = copyInKernel(from, to, range.length - done);
    // Nothing copied may mean the end, or a source whose size the kernel does not know (proc(5)).
    if (copied === 0) return done + copyThroughMemory(from, to, rangeAfter(range, done));
    done += copied;
  }
  return done;
}

/** One step of copy_file_range(2); 0 when the kernel cannot do it for these two files. */
function copyInKernel(from: number, to: number, length: number): number {
  const result = Number(
    symbols().copy_file_range(from, fromPosition, to, toPosition, BigInt(length), 0),
  );
  // Between file systems this is the outcome for every file, so it should not cost an exception.
  if (result < 0 && REFUSALS.has(errno())) return 0;
  return check(result, "copy_file_range");
}

function rangeAfter({ fromOffset, toOffset, length }: CopyRange, done: number): CopyRange {
  return { fromOffset: fromOffset + done, toOffset: toOffset + done, length: length - done };
}

const BUFFER_SIZE = 1 << 20;
let buffer: Uint8Array<ArrayBuffer> | undefined;

function copyThroughMemory(from: number, to: number, range: CopyRange): number {
  const { fromOffset, toOffset, length } = range;
  buffer ??= new Uint8Array(BUFFER_SIZE);
  let done = 0;
  while (done < length) {
    const chunk = buffer.subarray(0, Math.min(BUFFER_SIZE, length - done));
    const count = pread(from, chunk, { offset: fromOffset + done });
    pwrite(to, chunk.subarray(0, count), { offset: toOffset + done });
    done += count;
    if (count < chunk.length) break;
  }
  return done;
}
