import { EnrootError } from "../../diagnostics/mod.ts";
import type { SquashfsFile } from "../../formats/squashfs/reader/mod.ts";
import { copyFileRange, ftruncate, pwrite } from "../../linux/mod.ts";
import type { ImageFile } from "../shared/image_file.ts";

/** How much is copied at once, in bytes: a few milliseconds' work. */
const COPY_SIZE = 16 << 20;

/** A file of an image, or a part of one. */
export interface ContentRange {
  inode: SquashfsFile;
  /** Where the part begins and ends, in bytes; at a multiple of the block size, or at the end. */
  start?: number;
  end?: number;
}

/**
 * Writes the data of an image's file to a new file, at the same offsets. Stored blocks go from file
 * to file inside the kernel; holes stay holes.
 *
 * Yields after every piece of work how many bytes of the image it was about.
 *
 * @throws {SyscallError}
 * @throws {SquashfsError}
 */
export function* writeContent(
  { fd: imageFd, reader }: ImageFile,
  fd: number,
  { inode, start = 0, end = inode.size }: ContentRange,
): Generator<number> {
  if (inode.size === 0) return;
  const { blocks, tail } = reader.fileLayout(inode);
  let position = 0;
  let written = start;
  for (const run of blocks) {
    if (position >= end) return;
    const from = Math.max(start, position);
    const to = Math.min(end, position + run.length);
    const length = to - from;
    const offset = run.offset + from - position;
    position += run.length;
    if (length <= 0) continue;
    switch (run.kind) {
      case "stored":
        yield* copy(imageFd, fd, { from: offset, to: from, length });
        break;
      case "compressed":
        pwrite(fd, reader.readBlock(run), { offset: from });
        yield run.storedLength;
        break;
      case "hole":
        yield 0;
        continue;
    }
    written = to;
  }
  if (tail !== null && end === inode.size) {
    pwrite(fd, reader.readFragment(tail), { offset: position });
    written = end;
    // Its share of a block that several files have together.
    yield tail.fragment.storedLength * tail.length / reader.superblock.blockSize;
  }
  if (written < end && end === inode.size) ftruncate(fd, end);
}

function* copy(
  imageFd: number,
  fd: number,
  { from, to, length }: { from: number; to: number; length: number },
): Generator<number> {
  for (let done = 0; done < length; done += COPY_SIZE) {
    const size = Math.min(COPY_SIZE, length - done);
    const range = { fromOffset: from + done, toOffset: to + done, length: size };
    if (copyFileRange(imageFd, fd, range) < size) throw new EnrootError("the image was cut short");
    yield size;
  }
}
