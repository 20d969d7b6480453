import { assert, assertEquals } from "@std/assert";
import {
  openSquashfs,
  SquashfsError,
  type SquashfsFile,
  type SquashfsReader,
} from "../../../src/formats/squashfs/mod.ts";
import { SQUASHFS_WORDS, squashfsSeeds } from "../squashfs_seeds.ts";
import { type FuzzTarget, isEnrootRefusal } from "../target.ts";

/** An image may tell of more files, by directories that overlap, than it is worth looking at. */
const MAX_VISITS = 20_000;
/** Files larger than this are looked at in places only. */
const WHOLE_FILE = 1 << 20;
const WINDOW = 10_000;

/** The reader of squashfs images: everything that is in one. */
export const squashfsTarget: FuzzTarget = {
  name: "squashfs",
  weight: 25,
  open: async (directory) => ({
    seeds: await squashfsSeeds(directory, { manyNames: true }),
    dictionary: SQUASHFS_WORDS,
    run: readAll,
    isRefusal: (error) => error instanceof SquashfsError && isEnrootRefusal(error),
  }),
};

/** Reads on after the first damage: every file is refused or read for itself. */
function readAll(bytes: Uint8Array): void {
  const reader = openSquashfs({
    size: bytes.length,
    read(offset, into) {
      assert(offset >= 0 && offset + into.length <= bytes.length, "read outside the image");
      into.set(bytes.subarray(offset, offset + into.length));
    },
  });
  let refusal: unknown = null;
  const attempt = (action: () => void) => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof SquashfsError)) throw error;
      refusal ??= error;
    }
  };
  const directories = new Set<number>();
  const pending = [reader.root().reference];
  let visits = 0;
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    const reference = top;
    if (++visits > MAX_VISITS) break;
    attempt(() => {
      const inode = reader.readInode(reference);
      attempt(() => reader.xattrs(inode));
      if (inode.kind === "file") return readFile(reader, inode);
      if (inode.kind !== "directory" || directories.has(reference)) return;
      directories.add(reference);
      const entries = reader.readDirectory(inode);
      for (const { name } of entries.slice(0, 20)) {
        attempt(() => assertEquals(reader.lookup(inode, name)?.name ?? name, name));
      }
      for (const entry of entries) {
        assert(!/[/\0]/.test(entry.name) && !["", ".", ".."].includes(entry.name), "no name");
        pending.push(entry.reference);
      }
    });
  }
  if (refusal !== null) throw refusal;
}

function readFile(reader: SquashfsReader, inode: SquashfsFile): void {
  const { blocks, tail } = reader.fileLayout(inode);
  const whole = inode.size <= WHOLE_FILE ? new Uint8Array(inode.size) : null;
  let position = 0;
  for (const run of blocks) {
    assert(run.length > 0 && Number.isSafeInteger(run.length), "run of impossible length");
    if (whole !== null && run.kind !== "hole") whole.set(reader.readBlock(run), position);
    position += run.length;
  }
  if (tail !== null) {
    const data = reader.readFragment(tail);
    assertEquals(data.length, tail.length, "tail of another length");
    whole?.set(data, position);
    position += tail.length;
  }
  assertEquals(position, inode.size, "layout of another size than the file");
  const offsets = whole !== null ? [0] : [0, Math.floor(inode.size / 2), inode.size - WINDOW];
  for (const offset of offsets) {
    const length = whole?.length ?? WINDOW;
    const data = new Uint8Array(length);
    const count = reader.readData(inode, offset, length, data);
    assertEquals(count, Math.min(length, inode.size - offset), "read cut short");
    if (whole !== null) assert(equal(data, whole), "layout and data differ");
  }
}

function equal(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
}
