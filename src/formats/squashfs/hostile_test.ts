import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { bytesOf } from "../../bytes/mod.ts";
import {
  createSquashfsWriter,
  openSquashfs,
  parseSquashfsOptions,
  SquashfsError,
  type SquashfsInode,
  type SquashfsReader,
} from "./mod.ts";
import { memoryImage } from "./testing/memory_image.ts";
import { device, directory, file, noise, prose, special, symlink } from "./testing/sample_tree.ts";

/** Offsets of superblock fields. */
const FIELD = {
  magic: 0,
  inodeCount: 4,
  blockSize: 12,
  fragmentCount: 16,
  compression: 20,
  blockLog: 22,
  idCount: 26,
  major: 28,
  minor: 30,
  rootInode: 32,
  bytesUsed: 40,
  idTable: 48,
  xattrTable: 56,
  inodeTable: 64,
  directoryTable: 72,
  fragmentTable: 80,
  exportTable: 88,
};

const UNCOMPRESSED = ["-no-compression", "-b", "4096"];

async function sample(options: string[]): Promise<Uint8Array> {
  const image = memoryImage();
  using writer = createSquashfsWriter(image.output, parseSquashfsOptions(options));
  const long: Parameters<typeof directory>[0] = {};
  for (let index = 0; index < 400; index++) {
    long[`${"n".repeat(index % 50)}-${index}`] = special("fifo");
  }
  const xattrs = new Map([["user.long", noise(300)], ["user.b", bytesOf("b")]]);
  const shared = file(writer, prose(20_000), { xattrs });
  await writer.finish(directory({
    "aaaa": shared,
    "bbbb": directory({ cccc: directory({ dddd: file(writer, prose(1000, 2)) }), link: shared }),
    "eeee": symlink("target-of-the-link"),
    "ffff": device("block", [8, 1], { xattrs: new Map([["trusted.o", noise(300)]]) }),
    "holes": file(writer, new Uint8Array(50_000)),
    "long": directory(long),
  }));
  return image.bytes();
}

function open(bytes: Uint8Array): SquashfsReader {
  return openSquashfs(memoryImage(bytes).source);
}

/** Does everything a reader can do with an image, within what the image claims to be. */
function exercise(bytes: Uint8Array): void {
  const reader = open(bytes);
  const entered = new Set<number>();
  const stack: SquashfsInode[] = [reader.root()];
  const into = new Uint8Array(5000);
  for (let inode = stack.pop(); inode !== undefined; inode = stack.pop()) {
    reader.xattrs(inode);
    if (inode.kind === "directory" && !entered.has(inode.reference)) {
      entered.add(inode.reference);
      for (const entry of reader.readDirectory(inode)) {
        assert(!/^\.?\.?$|[/\0]/.test(entry.name), entry.name);
        if (entry.name.length < 20) reader.lookup(inode, entry.name);
        stack.push(reader.readInode(entry.reference));
      }
    } else if (inode.kind === "file") {
      const { blocks, tail } = reader.fileLayout(inode);
      let length = 0;
      for (const run of blocks) {
        length += run.length;
        if (run.kind !== "hole") assertEquals(reader.readBlock(run).length, run.length);
      }
      if (tail !== null) assertEquals(reader.readFragment(tail).length, tail.length);
      assertEquals(length + (tail?.length ?? 0), inode.size);
      for (const offset of [0, 4000, inode.size - 10]) {
        if (offset >= 0) reader.readData(inode, offset, into.length, into);
      }
    }
  }
}

/** Whether an image passes; anything but a SquashfsError is a defect. */
function passes(bytes: Uint8Array): boolean {
  try {
    exercise(bytes);
    return true;
  } catch (error) {
    if (error instanceof SquashfsError) return false;
    throw error;
  }
}

function patched(bytes: Uint8Array, offset: number, values: number[] | string): Uint8Array {
  const copy = bytes.slice();
  copy.set(typeof values === "string" ? bytesOf(values) : values, offset);
  return copy;
}

/** Where a text is in an image; it must be there just once from `start` on. */
function find(bytes: Uint8Array, text: string, start = 0): number {
  const whole = new TextDecoder("latin1").decode(bytes);
  const at = whole.indexOf(text, start);
  assert(at >= 0 && whole.indexOf(text, at + 1) < 0, text);
  return at;
}

function u32(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
}

function field(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer).getUint32(offset, true);
}

Deno.test("an image cut short anywhere is refused, the whole one is not", async () => {
  const bytes = await sample(UNCOMPRESSED);
  const used = field(bytes, FIELD.bytesUsed);
  for (let length = 0; length < used; length += length < 200 ? 1 : 97) {
    const error = assertThrows(() => open(bytes.subarray(0, length)), SquashfsError);
    assertEquals(error.reason, length < 96 ? "not-squashfs" : "corrupt");
  }
  exercise(bytes.subarray(0, used));
});

for (const options of [UNCOMPRESSED, ["-comp", "gzip", "-b", "4096"], ["-b", "4096", "-noD"]]) {
  Deno.test(`thousands of damaged images end in a SquashfsError: ${options.join(" ")}`, async () => {
    const bytes = await sample(options);
    const used = field(bytes, FIELD.bytesUsed);
    const inodes = field(bytes, FIELD.inodeTable);
    const random = new DataView(noise(1 << 16, 77).buffer);
    let at = 0;
    const next = (below: number) => {
      at = (at + 4) % 65_532;
      return random.getUint32(at, true) % below;
    };
    let passed = 0;
    const ROUNDS = 3000;
    for (let round = 0; round < ROUNDS; round++) {
      const damaged = bytes.slice();
      for (let count = 1 + round % 3; count > 0; count--) {
        // Mostly the tables: damage to data itself is not noticed and need not be.
        const offset = round % 5 === 0 ? next(96) : inodes + next(used - inodes);
        const byte = damaged[offset] ?? 0;
        damaged[offset] = round % 2 === 0 ? byte ^ (1 << next(8)) : next(256);
      }
      if (passes(damaged)) passed++;
    }
    assert(passed > 0 && passed < ROUNDS, `${passed} of ${ROUNDS} passed`);
  });
}

Deno.test("what is no squashfs image is told apart from a damaged one", async () => {
  const bytes = await sample([]);
  const refused: [Uint8Array, string, string][] = [
    [new Uint8Array(0), "not-squashfs", "not a squashfs image"],
    [noise(5000), "not-squashfs", "not a squashfs image"],
    [patched(bytes, FIELD.magic, "sqsh"), "unsupported", "big-endian"],
    [patched(bytes, FIELD.major, [3]), "unsupported", "version 3.0"],
    [patched(bytes, FIELD.minor, [1]), "unsupported", "version 4.1"],
    [patched(bytes, FIELD.compression, [7]), "unsupported", "compression 7"],
    [patched(bytes, FIELD.compression, [0]), "unsupported", "compression 0"],
    [patched(bytes, FIELD.blockLog, [16]), "corrupt", "block size"],
    [patched(bytes, FIELD.blockSize, u32(1 << 21)), "corrupt", "block size"],
    [patched(bytes, FIELD.idCount, [0, 0]), "corrupt", "no inodes or no owners"],
    [patched(bytes, FIELD.inodeCount, [0, 0, 0, 0]), "corrupt", "no inodes or no owners"],
    [patched(bytes, FIELD.rootInode + 2, [0, 0, 0, 255]), "corrupt", "root inode"],
    [patched(bytes, FIELD.bytesUsed, u32(-1)), "corrupt", "cut short"],
    [patched(bytes, FIELD.bytesUsed + 4, u32(-1)), "corrupt", "length out of bounds"],
    [patched(bytes, FIELD.inodeTable, u32(95)), "corrupt", "inode table"],
    [patched(bytes, FIELD.directoryTable, u32(97)), "corrupt", "inode table after"],
    [patched(bytes, FIELD.idTable + 4, u32(1)), "corrupt", "id table"],
    [patched(bytes, FIELD.fragmentTable, u32(0)), "corrupt", "fragment table"],
    [patched(bytes, FIELD.exportTable, u32(-1)), "corrupt", "export table"],
    [patched(bytes, FIELD.xattrTable + 4, u32(-2)), "corrupt", "xattr table"],
  ];
  for (const [image, reason, message] of refused) {
    const error = assertThrows(() => open(image), SquashfsError);
    assertEquals(error.reason, reason, error.message);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.message, "Cannot read squashfs image: ");
  }
  exercise(bytes);
});

Deno.test("counts that would take memory for gigabytes are refused", async () => {
  const bytes = await sample(UNCOMPRESSED);
  for (
    const image of [
      patched(bytes, FIELD.idCount, [255, 255]),
      patched(bytes, FIELD.fragmentCount, u32(-1)),
      patched(bytes, field(bytes, FIELD.xattrTable) + 8, u32(-1)),
    ]
  ) assert(!passes(image));
});

Deno.test("names that lead elsewhere, or are no names, are refused", async () => {
  const bytes = await sample(UNCOMPRESSED);
  const at = find(bytes, "bbbb", field(bytes, FIELD.directoryTable));
  for (const name of ["bb/b", "/bbb", "bbb/", "bb\0b", "\0bbb"]) {
    assert(!passes(patched(bytes, at, name)), name);
  }
  for (const name of ["bb.b", "b b\n", "b\xff\xff\xff"]) {
    assert(passes(patched(bytes, at, name)), name);
  }
  // The name's length, less one, is in the two bytes before it.
  assert(!passes(patched(patched(bytes, at, "."), at - 2, [0])));
  assert(!passes(patched(patched(bytes, at, ".."), at - 2, [1])));
  assert(!passes(patched(bytes, at - 2, [255, 255])));
});

Deno.test("names twice or out of order are refused", async () => {
  const bytes = await sample(UNCOMPRESSED);
  const at = find(bytes, "bbbb", field(bytes, FIELD.directoryTable));
  for (const name of ["aaaa", "eeee", "zzzz"]) {
    assert(!passes(patched(bytes, at, name)), name);
  }
  for (const name of ["aaab", "eeed"]) assert(passes(patched(bytes, at, name)), name);
});

Deno.test("a directory that contains itself is read, and ends a walk that keeps account", async () => {
  const bytes = await sample(UNCOMPRESSED);
  const [low, high] = [bytes[FIELD.rootInode] ?? 0, bytes[FIELD.rootInode + 1] ?? 0];
  const block = field(bytes, FIELD.rootInode + 2);
  const at = find(bytes, "dddd", field(bytes, FIELD.directoryTable));
  // The entry's inode offset is eight bytes before the name, the header's block eight before that.
  const image = patched(patched(bytes, at - 8, [low, high]), at - 16, u32(block));
  const reader = open(image);
  let inode: SquashfsInode = reader.root();
  for (const name of ["bbbb", "cccc", "dddd"]) {
    assert(inode.kind === "directory");
    inode = reader.readInode(reader.lookup(inode, name)?.reference ?? 0);
  }
  assertEquals(inode.reference, reader.root().reference);
  exercise(image);
});

Deno.test("a link target with a NUL byte or of impossible length is refused", async () => {
  const bytes = await sample(UNCOMPRESSED);
  const at = find(bytes, "target-of-the-link");
  assert(passes(patched(bytes, at, "\xff/../..")));
  assert(!passes(patched(bytes, at + 3, "\0")));
  assert(!passes(patched(bytes, at - 4, u32(0))));
  assert(!passes(patched(bytes, at - 4, u32(70_000))));
  assert(!passes(patched(bytes, at - 4, u32(-1))));
});

/** Where the inode of a file with its blocks begins in an uncompressed image. */
async function withInode(): Promise<{ bytes: Uint8Array; at: number }> {
  const image = memoryImage();
  using writer = createSquashfsWriter(image.output, parseSquashfsOptions(UNCOMPRESSED));
  await writer.finish(
    directory({ a: file(writer, noise(20_000)), b: file(writer, noise(100, 2)) }),
  );
  const bytes = image.bytes();
  // Behind the header of the first metadata block.
  return { bytes, at: field(bytes, FIELD.inodeTable) + 2 };
}

Deno.test("blocks, sizes and fragments outside the image are refused", async () => {
  const { bytes, at } = await withInode();
  const second = at + 32 + 5 * 4;
  assertEquals(bytes[at], 2);
  assertEquals(bytes[second], 2);
  assert(passes(bytes));
  const refused: Record<string, Uint8Array> = {
    "type": patched(bytes, at, [15]),
    "no type": patched(bytes, at, [0]),
    "uid": patched(bytes, at + 4, [9]),
    "gid": patched(bytes, at + 6, [0, 1]),
    "start": patched(bytes, at + 16, u32(1_000_000)),
    "fragment there is not": patched(bytes, at + 20, u32(5)),
    "size with more blocks than there are": patched(bytes, at + 28, u32(-1)),
    "size that leaves a short block": patched(bytes, at + 28, u32(19_999)),
    "block too large": patched(bytes, at + 32, u32(4097 | 1 << 24)),
    "block much too large": patched(bytes, at + 32, u32(-1)),
    "block of no bytes": patched(bytes, at + 32, u32(1 << 24)),
    "block said to be compressed": patched(bytes, at + 32, u32(4096)),
    "tail outside the fragment": patched(bytes, second + 24, u32(4000)),
    "tail far outside the fragment": patched(bytes, second + 24, u32(-50)),
  };
  for (const [what, image] of Object.entries(refused)) assert(!passes(image), what);
  // A block may be a hole, and files may share what is there.
  assert(passes(patched(bytes, at + 16, u32(97))));
  assert(passes(patched(bytes, second + 28, u32(99))));
});

Deno.test("a file of holes without end costs neither time nor memory", async () => {
  const image = memoryImage();
  using writer = createSquashfsWriter(image.output, parseSquashfsOptions(["-b", "1M", "-noD"]));
  const size = 2 ** 40;
  writer.beginFile(size);
  writer.writeHole(size);
  const content = writer.endFile();
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: null };
  await writer.finish(directory({ a: { ...attributes, kind: "file", size, content } }));
  const reader = openSquashfs(image.source);
  const inode = reader.readInode(reader.lookup(reader.root(), "a")?.reference ?? 0);
  assert(inode.kind === "file");
  const [run, ...others] = reader.fileLayout(inode).blocks;
  assertEquals([run?.kind, run?.length, others.length], ["hole", size, 0]);
  assertEquals(reader.readData(inode, size - 5, 100, new Uint8Array(100)), 5);
});

Deno.test("attributes whose values are nowhere are refused", async () => {
  const bytes = await sample(UNCOMPRESSED);
  // Type, length and name of an entry; then eight bytes of value, which are a reference.
  const at = find(bytes, "\x01\x01\x01\x00o") + 5;
  assertEquals(field(bytes, at), 8);
  assert(passes(bytes));
  for (const offset of [8191, 60_000]) {
    assert(!passes(patched(bytes, at + 4, u32(offset))), `${offset}`);
  }
  assert(!passes(patched(bytes, at + 4, u32(1 << 24))));
  assert(!passes(patched(bytes, at + 8, u32(1 << 24))));
});

Deno.test("an error of the source passes through as it is", async () => {
  const bytes = await sample([]);
  const failing = {
    size: bytes.length,
    read() {
      throw new Error("input/output error");
    },
  };
  const error = assertThrows(() => openSquashfs(failing), Error, "input/output error");
  assert(!(error instanceof SquashfsError));
});
