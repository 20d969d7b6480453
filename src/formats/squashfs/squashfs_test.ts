import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import type { Directory, Inode } from "../../fstree/mod.ts";
import { createSquashfsWriter, type FileData, openSquashfs, parseSquashfsOptions } from "./mod.ts";
import { digest, listImage, readThroughLayout } from "./testing/listing.ts";
import { type MemoryImage, memoryImage } from "./testing/memory_image.ts";
import { device, directory, file, noise, prose, special, symlink } from "./testing/sample_tree.ts";
import type { SquashfsWriter } from "./writer/squashfs_writer.ts";

/** Writes an image of what `build` makes. */
async function write(
  options: string,
  build: (writer: SquashfsWriter) => Directory<FileData> | Promise<Directory<FileData>>,
): Promise<MemoryImage> {
  const image = memoryImage();
  const words = options.split(" ").filter((word) => word !== "");
  using writer = createSquashfsWriter(image.output, parseSquashfsOptions(words));
  const { bytes } = await writer.finish(await build(writer));
  assertEquals(bytes, image.source.size);
  assertEquals(bytes % 4096, 0);
  return image;
}

function lines(image: MemoryImage): Record<string, string> {
  return listImage(openSquashfs(image.source));
}

/** Reads a file of the root directory. */
function contents(image: MemoryImage, name: string): Uint8Array {
  const reader = openSquashfs(image.source);
  const entry = reader.lookup(reader.root(), name);
  assert(entry !== null);
  return readThroughLayout(reader, reader.readInode(entry.reference));
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const OPTIONS = [
  "",
  "-comp gzip",
  "-comp zstd -Xcompression-level 1 -b 4096",
  "-comp lz4 -b 1M",
  "-comp lzo -noD",
  "-no-compression",
  "-noI -noF -processors 1",
  "-always-use-fragments",
  "-always-use-fragments -noD -b 4K",
  "-no-fragments -no-duplicates -no-exports",
];

for (const options of OPTIONS) {
  Deno.test(`every kind of file is read as it was written: ${options || "no options"}`, async () => {
    const image = await write(options, (writer) =>
      directory({
        "empty": file(writer, new Uint8Array(0), { mode: 0o4755, uid: 1000, gid: 70000 }),
        "one": file(writer, new Uint8Array([7]), { mtime: 1e9 + 0.75 }),
        "text": file(writer, prose(300_001), { piece: 1000 }),
        "noise": file(writer, noise(131_072 * 3)),
        "small noise": file(writer, noise(4096, 2)),
        "zeros": file(writer, new Uint8Array(1 << 20)),
        "name\xff\xe9": file(writer, prose(5000)),
        "dir": directory({
          "link": symlink("../text", { uid: 5 }),
          "null": device("character", [1, 3], { mode: 0o666 }),
          "disk": device("block", [259, 70_000]),
          "pipe": special("fifo"),
          "socket": special("socket", { mode: 0o1777 }),
          "empty": directory({}, { mode: 0o700 }),
        }, { mode: 0o2775, mtime: 5 }),
      }));
    assertEquals(lines(image), {
      "/": "directory 755 0:0 0",
      "/dir": "directory 2775 0:0 5",
      "/dir/disk": "block 644 0:0 0 259,70000",
      "/dir/empty": "directory 700 0:0 0",
      "/dir/link": "symlink 777 5:0 0 ../text",
      "/dir/null": "character 666 0:0 0 1,3",
      "/dir/pipe": "fifo 644 0:0 0",
      "/dir/socket": "socket 1777 0:0 0",
      "/empty": `file 4755 1000:70000 0 0 ${digest(new Uint8Array(0))} x1`,
      "/name\xff\xe9": `file 644 0:0 0 5000 ${digest(prose(5000))} x1`,
      "/noise": `file 644 0:0 0 393216 ${digest(noise(131_072 * 3))} x1`,
      "/one": `file 644 0:0 1000000000 1 ${digest(new Uint8Array([7]))} x1`,
      "/small noise": `file 644 0:0 0 4096 ${digest(noise(4096, 2))} x1`,
      "/text": `file 644 0:0 0 300001 ${digest(prose(300_001))} x1`,
      "/zeros": `file 644 0:0 0 1048576 ${digest(new Uint8Array(1 << 20))} x1`,
    });
  });
}

Deno.test("by default data is stored as it is, in one run, and small files share a compressed block", async () => {
  const image = await write("", (writer) =>
    directory({
      big: file(writer, prose(1_000_000)),
      small: file(writer, prose(1000, 2)),
    }));
  const reader = openSquashfs(image.source);
  const [big, small] = reader.readDirectory(reader.root()).map(({ reference }) =>
    reader.readInode(reference)
  );
  assert(big?.kind === "file" && small?.kind === "file");
  const layout = reader.fileLayout(big);
  assertEquals([...layout.blocks], [
    { kind: "stored", offset: 96, storedLength: 1_000_000, length: 1_000_000 },
  ]);
  assertEquals(layout.tail, null);
  const tail = reader.fileLayout(small).tail;
  assertEquals([tail?.fragment.kind, tail?.offset, tail?.length], ["compressed", 0, 1000]);
});

Deno.test("readData() reads any part of a file, across blocks, holes and the tail", async () => {
  const whole = concat(prose(8192), new Uint8Array(8192), noise(4096), prose(1234, 3));
  for (const options of ["-b 4096", "-b 4096 -noD", "-b 4096 -always-use-fragments"]) {
    const image = await write(options, (writer) => directory({ a: file(writer, whole) }));
    const reader = openSquashfs(image.source);
    const inode = reader.readInode(reader.lookup(reader.root(), "a")?.reference ?? 0);
    assert(inode.kind === "file");
    for (const [offset, length] of [[0, 100], [4000, 9000], [8191, 2], [20_000, 9999], [0, 1e6]]) {
      const into = new Uint8Array(length ?? 0).fill(9);
      const expected = whole.slice(offset, (offset ?? 0) + (length ?? 0));
      assertEquals(reader.readData(inode, offset ?? 0, length ?? 0, into), expected.length);
      assertEquals(digest(into.subarray(0, expected.length)), digest(expected));
      assert(into.subarray(expected.length).every((byte) => byte === 9));
    }
    assertEquals(reader.readData(inode, whole.length, 10, new Uint8Array(10)), 0);
  }
});

Deno.test("readData() seeks in a file of thousands of blocks", async () => {
  const whole = prose(3_000_001);
  const image = await write("-b 4096", (writer) => directory({ a: file(writer, whole) }));
  const reader = openSquashfs(image.source);
  const inode = reader.readInode(reader.lookup(reader.root(), "a")?.reference ?? 0);
  assert(inode.kind === "file");
  for (let offset = 2_999_999; offset > 0; offset -= 77_777) {
    const into = new Uint8Array(5000);
    const count = reader.readData(inode, offset, 5000, into);
    assertEquals(digest(into.subarray(0, count)), digest(whole.subarray(offset, offset + 5000)));
  }
});

Deno.test("zero blocks become holes, written as zeros or as a hole, in pieces of any size", async () => {
  const build = (writer: SquashfsWriter, asHole: boolean, piece: number) => {
    const head = noise(5000);
    writer.beginFile(5000 + 100_000 + 3);
    for (let at = 0; at < head.length; at += piece) writer.write(head.subarray(at, at + piece));
    if (asHole) writer.writeHole(100_000);
    else for (let at = 0; at < 100_000; at += 1000) writer.write(new Uint8Array(1000));
    writer.write(new Uint8Array([1, 2, 3]));
    return writer.endFile();
  };
  for (const options of ["-b 4096 -noD", "-b 4096", "-b 4096 -always-use-fragments -noD"]) {
    const image = await write(options, (writer) => {
      const first = build(writer, true, 5000);
      assertStrictEquals(build(writer, false, 5000), first);
      assertStrictEquals(build(writer, true, 7), first);
      const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: null };
      return directory({ a: { ...attributes, kind: "file", size: 105_003, content: first } });
    });
    const expected = concat(noise(5000), new Uint8Array(100_000), new Uint8Array([1, 2, 3]));
    assertEquals(digest(contents(image, "a")), digest(expected));
    assert(image.source.size <= 3 * 4096 + 4096, `${image.source.size}`);
  }
});

Deno.test("hard links are one inode; files with equal contents are two that share them", async () => {
  const image = await write("", (writer) => {
    const shared = file(writer, prose(200_000));
    const equal = file(writer, prose(200_000));
    assertStrictEquals(shared.content, equal.content);
    const other = file(writer, prose(200_000, 9));
    assert(other.content !== shared.content);
    return directory({ a: shared, b: directory({ c: shared, d: equal }), e: other, f: shared });
  });
  const reader = openSquashfs(image.source);
  assertEquals(reader.superblock.inodeCount, 5);
  const content = digest(prose(200_000));
  const listed = lines(image);
  for (const path of ["/a", "/b/c", "/f"]) {
    assertEquals(listed[path], `file 644 0:0 0 200000 ${content} x3`);
  }
  assertEquals(listed["/b/d"], `file 644 0:0 0 200000 ${content} x1`);
  assertEquals(listed["/e"], `file 644 0:0 0 200000 ${digest(prose(200_000, 9))} x1`);
  assert(image.source.size < 410_000);
});

const SHARING_OPTIONS = [
  "-noD -b 4K",
  "-b 4K",
  "-b 4K -noF -noD",
  "-b 4K -always-use-fragments",
  "-b 4K -always-use-fragments -noD",
  // So little memory that the blocks of a duplicate are in the image before it is known for one.
  "-b 4K -mem 64K",
];
for (const options of SHARING_OPTIONS) {
  Deno.test(`equal contents are stored once, whatever lies between: ${options}`, async () => {
    const sizes = [1, 100, 4095, 4096, 4097, 50_000, 409_600];
    const image = await write(options, async (writer) => {
      const children: Record<string, Inode<FileData>> = {};
      for (let round = 0; round < 4; round++) {
        for (const size of sizes) {
          children[`${size}.${round}`] = file(writer, noise(size, 1 + round % 2), { piece: 3000 });
          await writer.drain();
        }
      }
      return directory(children);
    });
    const listed = lines(image);
    for (let round = 0; round < 4; round++) {
      for (const size of sizes) {
        const expected = digest(noise(size, 1 + round % 2));
        assertEquals(listed[`/${size}.${round}`], `file 644 0:0 0 ${size} ${expected} x1`);
      }
    }
    const once = 2 * sizes.reduce((sum, size) => sum + size);
    assert(image.source.size < once + 10_000, `${image.source.size} for ${once}`);
  });
}

Deno.test("-no-duplicates stores equal contents twice", async () => {
  const image = await write("-noD -no-duplicates", (writer) => {
    const [a, b] = [file(writer, prose(200_000)), file(writer, prose(200_000))];
    assert(a.content !== b.content);
    return directory({ a, b });
  });
  assert(image.source.size > 400_000);
});

Deno.test("extended attributes are kept, long values that repeat only once", async () => {
  const value = noise(60_000);
  const short = new Uint8Array([1]);
  const image = await write("", (writer) => {
    const xattrs = (name: string) => new Map([[name, value], ["user.n\xff", short]]);
    return directory({
      a: file(writer, prose(10), { xattrs: xattrs("security.capability") }),
      b: file(writer, prose(10), { xattrs: xattrs("user.big") }),
      c: symlink("a", { xattrs: xattrs("trusted.x") }),
      d: directory(
        { e: special("fifo", { xattrs: new Map([["user.empty", new Uint8Array(0)]]) }) },
        {
          xattrs: xattrs("user.big"),
        },
      ),
      f: device("block", [1, 1], { xattrs: new Map([["system.posix_acl_access", short]]) }),
    });
  });
  const listed = lines(image);
  const big = digest(value);
  const one = digest(short);
  const content = digest(prose(10));
  assertEquals(
    listed["/a"],
    `file 644 0:0 0 10 ${content} x1 security.capability=${big} user.n\xff=${one}`,
  );
  assertEquals(listed["/b"], `file 644 0:0 0 10 ${content} x1 user.big=${big} user.n\xff=${one}`);
  assertEquals(listed["/c"], `symlink 777 0:0 0 a trusted.x=${big} user.n\xff=${one}`);
  assertEquals(listed["/d"], `directory 755 0:0 0 user.big=${big} user.n\xff=${one}`);
  assertEquals(listed["/d/e"], `fifo 644 0:0 0 user.empty=${digest(new Uint8Array(0))}`);
  assertEquals(listed["/f"], "block 644 0:0 0 1,1");
  assert(image.source.size < 70_000);
});

Deno.test("-no-xattrs leaves extended attributes out", async () => {
  const image = await write(
    "-no-xattrs",
    () => directory({ a: special("fifo", { xattrs: new Map([["user.a", new Uint8Array(1)]]) }) }),
  );
  assertEquals(lines(image)["/a"], "fifo 644 0:0 0");
  assertEquals(openSquashfs(image.source).superblock.xattrTable, null);
});

Deno.test("a directory of 100,000 names has an index, and every name is found through it", async () => {
  const image = await write("", () => {
    const children: Record<string, Inode<FileData>> = {};
    for (let index = 0; index < 100_000; index++) children[`entry-${index}`] = special("fifo");
    return directory(children);
  });
  const reader = openSquashfs(image.source);
  const root = reader.root();
  assert(root.listing.indexCount > 100);
  const entries = reader.readDirectory(root);
  assertEquals(entries.length, 100_000);
  for (let index = 0; index < entries.length; index += 97) {
    const entry = entries[index];
    assertEquals(reader.lookup(root, entry?.name ?? ""), entry);
  }
  assertEquals(reader.lookup(root, "a"), null);
  assertEquals(reader.lookup(root, "entry-5000x"), null);
  assertEquals(reader.lookup(root, "z"), null);
});

Deno.test("names of hard links far apart are found although inode numbers differ widely", async () => {
  const image = await write("", () => {
    const first = special("fifo");
    const children: Record<string, Inode<FileData>> = {};
    for (let index = 0; index < 70_000; index++) children[`n${index}`] = special("fifo");
    return directory({
      a: directory({ first }),
      b: directory(children),
      c: first,
      z: directory({ first }),
    });
  });
  const reader = openSquashfs(image.source);
  const listed = listImage(reader);
  assertEquals(Object.keys(listed).length, 70_007);
  assertEquals(reader.superblock.inodeCount, 70_005);
});

Deno.test("a tree of any depth is written without recursion", async () => {
  const image = await write("", () => {
    let root = directory({});
    for (let depth = 0; depth < 20_000; depth++) root = directory({ d: root });
    return root;
  });
  const reader = openSquashfs(image.source);
  let inode = reader.root();
  let depth = 0;
  for (let entry = reader.lookup(inode, "d"); entry; entry = reader.lookup(inode, "d"), depth++) {
    const next = reader.readInode(entry.reference);
    assert(next.kind === "directory");
    inode = next;
  }
  assertEquals(depth, 20_000);
});

Deno.test("times are cut to 32 bits; -all-time, -mkfs-time and -all-root replace what files say", async () => {
  const build = () =>
    directory({
      early: special("fifo", { mtime: -5, uid: 7 }),
      late: special("fifo", { mtime: 1e12, gid: 8 }),
    });
  const kept = await write("", build);
  assertEquals(lines(kept)["/early"], "fifo 644 7:0 0");
  assertEquals(lines(kept)["/late"], "fifo 644 0:8 4294967295");
  const replaced = await write("-all-time 42 -mkfs-time 43 -all-root", build);
  assertEquals(lines(replaced)["/early"], "fifo 644 0:0 42");
  assertEquals(lines(replaced)["/late"], "fifo 644 0:0 42");
  assertEquals(openSquashfs(replaced.source).superblock.modificationTime, 43);
});

Deno.test("the same input makes the same image, whatever the pieces, the workers and the drains", async () => {
  for (const options of ["-noD -b 4K", "-comp gzip -b 4K -mem 64K"]) {
    const build = async (drains: boolean, piece: number, processors: number) => {
      const image = await write(
        `${options} -mkfs-time 1 -processors ${processors}`,
        async (writer) => {
          const children: Record<string, Inode<FileData>> = {};
          for (let index = 0; index < 300; index++) {
            const bytes = prose(index * 97 % 20_000, 1 + index % 250);
            children[`f${index}`] = file(writer, bytes, { piece });
            if (drains) await writer.drain();
          }
          return directory(children);
        },
      );
      return digest(image.bytes());
    };
    const expected = await build(true, 1 << 20, 1);
    assertEquals(await build(true, 100, 2), expected);
    assertEquals(await build(false, 1 << 20, 2), expected);
  }
});

Deno.test("contents the tree no longer uses leave no gap", async () => {
  for (const options of ["-noD", "-comp gzip", "-noD -noF"]) {
    const kept = { a: noise(3_000_000, 2), b: noise(70_000, 3), c: noise(2_000_000, 4) };
    const image = await write(options, (writer) => {
      const dead = file(writer, noise(1_500_000, 5));
      const a = file(writer, kept.a);
      file(writer, noise(100_000, 6));
      file(writer, noise(100_000, 7));
      const b = file(writer, kept.b);
      file(writer, noise(4_000_000, 8));
      const c = file(writer, kept.c);
      assert(dead.size > 0);
      return directory({ a, b, c });
    });
    for (const [name, bytes] of Object.entries(kept)) {
      assertEquals(digest(contents(image, name)), digest(bytes));
    }
    assert(image.source.size < 5_070_000 + 20_000, `${options}: ${image.source.size}`);
  }
});

Deno.test("a small gap is left where it is", async () => {
  const image = await write("-noD", (writer) => {
    file(writer, noise(200_000, 5));
    return directory({ a: file(writer, noise(3_000_000)) });
  });
  assert(image.source.size > 3_200_000);
  assertEquals(digest(contents(image, "a")), digest(noise(3_000_000)));
});

Deno.test("an image is read from the middle of its source", async () => {
  const { bytes } = await write("", (writer) => directory({ a: file(writer, prose(200_000)) }));
  const inside = memoryImage(concat(noise(777), bytes()));
  const reader = openSquashfs(inside.source, { offset: 777 });
  const inode = reader.readInode(reader.lookup(reader.root(), "a")?.reference ?? 0);
  assert(inode.kind === "file");
  assertEquals(digest(readThroughLayout(reader, inode)), digest(prose(200_000)));
  const [run] = reader.fileLayout(inode).blocks;
  assertEquals(run?.offset, 777 + 96);
});

const UNNAMEABLE = ["", ".", "..", "a/b", "a\0", "\u0100", "x".repeat(256)];
for (const name of UNNAMEABLE) {
  Deno.test(`a file cannot be called ${JSON.stringify(name.slice(0, 9))}`, async () => {
    await assertRejects(
      () => write("", () => directory({ dir: directory({ [name]: special("fifo") }) })),
      EnrootError,
      "/dir/",
    );
  });
}

Deno.test("a file can be called ..., or anything of up to 255 bytes", async () => {
  const longest = "x".repeat(255);
  const image = await write(
    "",
    () =>
      directory({ "...": special("fifo"), [longest]: special("fifo"), "\x01\n": special("fifo") }),
  );
  assertEquals(Object.keys(lines(image)).sort(), ["/", "/\x01\n", "/...", `/${longest}`]);
});

Deno.test("links and devices that squashfs cannot hold are refused by name", async () => {
  const refused: [Inode<FileData>, string][] = [
    [symlink(""), "Cannot write /d/x to the squashfs image: impossible link target"],
    [symlink("a\0b"), "impossible link target"],
    [symlink("x".repeat(4096)), "impossible link target"],
    [device("block", [4096, 0]), "impossible device number"],
    [device("block", [0, 1 << 20]), "impossible device number"],
  ];
  for (const [x, message] of refused) {
    await assertRejects(
      () => write("", () => directory({ d: directory({ x }) })),
      EnrootError,
      message,
    );
  }
  const image = await write(
    "",
    () => directory({ a: symlink("x".repeat(4095)), b: device("block", [4095, (1 << 20) - 1]) }),
  );
  assertEquals(lines(image)["/b"], "block 644 0:0 0 4095,1048575");
});

Deno.test("more owners than squashfs can number are refused", async () => {
  const owned = (count: number) => {
    const children: Record<string, Inode<FileData>> = {};
    for (let uid = 0; uid < count; uid++) children[`${uid}`] = special("fifo", { uid });
    return directory(children);
  };
  const image = await write("", () => owned(65_535));
  assertEquals(openSquashfs(image.source).superblock.idCount, 65_535);
  await assertRejects(() => write("", () => owned(65_536)), EnrootError, "more than 65535 owners");
});

Deno.test("a writer refuses contents that are not of the promised size", () => {
  const writer = createSquashfsWriter(memoryImage().output, parseSquashfsOptions([]));
  writer.beginFile(10);
  writer.write(new Uint8Array(9));
  assertThrows(() => writer.write(new Uint8Array(2)), Error, "passes its size");
  assertThrows(() => writer.endFile(), Error, "ends at 9 of 10");
  assertThrows(() => writer.beginFile(1), Error, "written already");
  writer.write(new Uint8Array(1));
  assertEquals(writer.endFile().size, 10);
});

Deno.test("a file that promises any size takes no memory for it", () => {
  const writer = createSquashfsWriter(memoryImage().output, parseSquashfsOptions([]));
  writer.beginFile(Number.MAX_SAFE_INTEGER);
  writer.write(noise(1000));
});

Deno.test("holes cost neither time nor memory, and a file of more blocks than there can be is refused", async () => {
  const image = memoryImage();
  using writer = createSquashfsWriter(image.output, parseSquashfsOptions(["-b", "4096"]));
  const hole = (size: number, data?: number) => {
    writer.beginFile(size);
    writer.writeHole(data ?? size);
    if (data !== undefined) {
      writer.write(new Uint8Array(3).fill(7));
      writer.writeHole(size - data - 3);
    }
    const content = writer.endFile();
    return { ...file(writer, new Uint8Array(0)), size, content };
  };
  const size = 64 * 2 ** 30;
  const at = 40 * 2 ** 30 + 5000;
  const tree = directory({ a: hole(size), b: hole(size + 1, at), c: hole(size + 4095) });
  assertThrows(() => hole(2 ** 40), EnrootError, "too many blocks of 4096 bytes");
  await writer.finish(tree);
  assert(image.bytes().length < 1_000_000);
  const reader = openSquashfs(image.source);
  for (const [name, end] of [["a", size], ["b", size + 1], ["c", size + 4095]] as const) {
    const entry = reader.lookup(reader.root(), name);
    const inode = reader.readInode(entry?.reference ?? 0);
    if (inode.kind !== "file") throw new Error(name);
    const runs = [...reader.fileLayout(inode).blocks];
    assertEquals(runs.length, name === "b" ? 3 : 1);
    assertEquals(inode.size, end);
    const into = new Uint8Array(5);
    assertEquals(reader.readData(inode, at - 1, 5, into), 5);
    assertEquals([...into], name === "b" ? [0, 7, 7, 7, 0] : [0, 0, 0, 0, 0]);
  }
});
