import { EnrootError } from "../diagnostics/mod.ts";
import type { SquashfsFile } from "../formats/squashfs/mod.ts";
import { copyFileRange, ftruncate, pwrite } from "../linux/mod.ts";
import type { ImageFile } from "./image_file.ts";

/** How much is copied at once, in bytes: a few milliseconds' work. */
const COPY_SIZE = 16 << 20;

/**
 * Writes the data of an image's file to a new, empty file. Stored blocks go from file to file inside
 * the kernel; holes stay holes.
 *
 * Yields after every piece of work how many bytes of the image it was about.
 *
 * @throws {SyscallError}
 * @throws {SquashfsError}
 */
export function* writeContent(
  { fd: imageFd, reader }: ImageFile,
  fd: number,
  inode: SquashfsFile,
): Generator<number> {
  if (inode.size === 0) return;
  const { blocks, tail } = reader.fileLayout(inode);
  let position = 0;
  let written = 0;
  for (const run of blocks) {
    switch (run.kind) {
      case "stored":
        yield* copy(imageFd, fd, { from: run.offset, to: position, length: run.length });
        break;
      case "compressed":
        pwrite(fd, reader.readBlock(run), { offset: position });
        yield run.storedLength;
        break;
      case "hole":
        break;
    }
    position += run.length;
    if (run.kind !== "hole") written = position;
  }
  if (tail !== null) {
    pwrite(fd, reader.readFragment(tail), { offset: position });
    written = position + tail.length;
    // Its share of a block that several files have together.
    yield tail.fragment.storedLength * tail.length / reader.superblock.blockSize;
  }
  if (written < inode.size) ftruncate(fd, inode.size);
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
