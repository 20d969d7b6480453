import { assert, assertEquals } from "@std/assert";
import { type ProgramName, requiring } from "../../../tests/support/requires.ts";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { encodeDevice } from "./format/device_number.ts";
import { createSquashfsWriter, openSquashfs, parseSquashfsOptions } from "./mod.ts";
import { digest, listImage } from "./testing/listing.ts";
import { memoryImage } from "./testing/memory_image.ts";
import { device, directory, file, noise, prose, special, symlink } from "./testing/sample_tree.ts";

const isRoot = Deno.uid() === 0;

/** A test by a judge: a tool that others use on the same images. */
function needing(tool: ProgramName, name: string): { name: string; ignore: boolean } {
  return requiring({ programs: [tool] }, name);
}

function run(tool: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(tool, { args }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
  assert(success, `${tool} ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout);
}

/** Enough names for a directory index. */
const LONG_LISTING = 1200;

/** Makes a directory with everything an unprivileged user can make, and returns its path. */
function makeSource(parent: string): string {
  const root = `${parent}/source`;
  const write = (name: string, bytes: Uint8Array, mode = 0o644) => {
    Deno.writeFileSync(`${root}/${name}`, bytes);
    Deno.chmodSync(`${root}/${name}`, mode);
  };
  for (const name of ["", "/empty", "/deep", "/deep/er", "/long"]) Deno.mkdirSync(root + name);
  write("nothing", new Uint8Array(0), 0o4755);
  write("byte", new Uint8Array([65]));
  write("text", prose(700_001));
  write("noise", noise(262_144));
  write("tail", noise(131_073, 3), 0o600);
  write("copy", prose(700_001));
  write("deep/er/small", prose(3000, 5));
  write("deep/er/smaller", prose(30, 6));
  Deno.writeFileSync(`${root}/sparse`, noise(5000));
  Deno.truncateSync(`${root}/sparse`, 3_000_000);
  Deno.linkSync(`${root}/text`, `${root}/deep/hard`);
  Deno.symlinkSync("../text", `${root}/deep/soft`);
  for (let index = 0; index < LONG_LISTING; index++) {
    Deno.writeFileSync(`${root}/long/${"n".repeat(index % 50)}-${index}`, new Uint8Array(0));
  }
  run("mkfifo", `${root}/pipe`);
  Deno.chmodSync(`${root}/empty`, 0o1777);
  return root;
}

/** The lines listImage() gives for an image of a directory, from the directory itself. */
function listDirectory(root: string): Record<string, string> {
  const lines: Record<string, string> = {};
  const stack = [""];
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    const status = Deno.lstatSync(root + path);
    const mode = ((status.mode ?? 0) & 0o7777).toString(8);
    const mtime = Math.floor((status.mtime?.getTime() ?? 0) / 1000);
    const rest = `${mode} ${status.uid}:${status.gid} ${mtime}`;
    const key = path === "" ? "/" : path;
    if (status.isSymlink) lines[key] = `symlink ${rest} ${Deno.readLinkSync(root + path)}`;
    else if (status.isFifo) lines[key] = `fifo ${rest}`;
    else if (status.isFile) {
      const content = digest(Deno.readFileSync(root + path));
      lines[key] = `file ${rest} ${status.size} ${content} x${status.nlink}`;
    } else {
      lines[key] = `directory ${rest}`;
      for (const { name } of Deno.readDirSync(root + path)) stack.push(`${path}/${name}`);
    }
  }
  return lines;
}

/** Compares without drowning a difference in thousands of equal lines. */
function assertSameLines(actual: Record<string, string>, expected: Record<string, string>): void {
  const different = [...new Set([...Object.keys(actual), ...Object.keys(expected)])]
    .filter((path) => actual[path] !== expected[path]);
  const pick = (lines: Record<string, string>) =>
    different.slice(0, 5).map((path) => `${path}: ${lines[path]}`);
  assertEquals(pick(actual), pick(expected));
}

/** An image in a file, read whole. */
function open(path: string) {
  return openSquashfs(memoryImage(Deno.readFileSync(path)).source);
}

const QUIET = ["-quiet", "-no-progress", "-noappend"];
const MKSQUASHFS_OPTIONS = [
  "-comp gzip",
  "-comp gzip -Xcompression-level 1 -Xwindow-size 8 -Xstrategy filtered",
  "-comp lzo",
  "-comp lzo -Xalgorithm lzo1x_1 -b 4K",
  "-comp lz4 -Xhc",
  "-comp xz -b 1M",
  "-comp xz -Xbcj x86 -Xdict-size 50%",
  "-comp lzma",
  "-comp zstd -Xcompression-level 3",
  "-comp zstd -Xcompression-level 1 -b 4096",
  "-comp zstd -Xcompression-level 1 -b 1M -always-use-fragments",
  "-comp gzip -noI",
  "-comp gzip -noD",
  "-comp gzip -noF",
  "-comp gzip -noX -noId",
  "-comp gzip -noI -noD -noF -noX",
  "-comp gzip -no-fragments",
  "-comp gzip -no-xattrs -no-exports -no-duplicates -no-sparse",
  "-comp lzo -noD",
];

Deno.test({
  ...needing("mksquashfs", "images of mksquashfs are read as what they were made of"),
  async fn(t) {
    using directory = makeTemporaryDirectory();
    const source = makeSource(directory.path);
    const expected = listDirectory(source);
    for (const options of MKSQUASHFS_OPTIONS) {
      await t.step(options, () => {
        const image = `${directory.path}/image`;
        run("mksquashfs", source, image, ...QUIET, ...options.split(" "));
        const reader = open(image);
        assertSameLines(listImage(reader), expected);
        const long = reader.lookup(reader.root(), "long");
        const inode = reader.readInode(long?.reference ?? 0);
        assert(inode.kind === "directory" && inode.listing.indexCount > 2);
        for (const entry of reader.readDirectory(inode)) {
          assertEquals(reader.lookup(inode, entry.name), entry);
        }
      });
    }
  },
});

Deno.test({
  ...needing("mksquashfs", "device nodes and owners of mksquashfs are read"),
  fn() {
    using directory = makeTemporaryDirectory();
    const source = `${directory.path}/source`;
    Deno.mkdirSync(source);
    const pseudo = [
      "null c 666 1 2 1 3",
      "disk b 640 0 70000 259 70000",
      "pipe i 600 0 0 f",
      "socket i 755 0 0 s",
      "file f 4711 5 6 echo hello",
    ].flatMap((line) => ["-p", line]);
    run("mksquashfs", source, `${directory.path}/image`, ...QUIET, ...pseudo, "-all-time", "7");
    const lines = listImage(open(`${directory.path}/image`));
    const hello = digest(new TextEncoder().encode("hello\n"));
    assertEquals(lines["/null"], "character 666 1:2 7 1,3");
    assertEquals(lines["/disk"], "block 640 0:70000 7 259,70000");
    assertEquals(lines["/pipe"], "fifo 600 0:0 7");
    assertEquals(lines["/socket"], "socket 755 0:0 7");
    assertEquals(lines["/file"], `file 4711 5:6 7 6 ${hello} x1`);
  },
});

Deno.test({
  ...requiring(
    { root: true, programs: ["mksquashfs", "setfattr"], xattrs: true },
    "extended attributes of mksquashfs are read",
  ),
  fn() {
    using directory = makeTemporaryDirectory();
    const source = `${directory.path}/source`;
    Deno.mkdirSync(source);
    // Two of them and their names fit the one block ext4 has for a file's attributes.
    const long = noise(1500);
    const hex = (bytes: Uint8Array) =>
      "0x" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    for (const name of ["a", "b", "c"]) {
      Deno.writeFileSync(`${source}/${name}`, prose(10));
      run("setfattr", "-n", "user.long", "-v", hex(long), `${source}/${name}`);
      run("setfattr", "-n", `trusted.${name}`, "-v", hex(long), `${source}/${name}`);
    }
    run("setfattr", "-n", "security.test", "-v", "0x0102", source);
    run("mksquashfs", source, `${directory.path}/image`, ...QUIET);
    const lines = listImage(open(`${directory.path}/image`));
    for (const name of ["a", "b", "c"]) {
      assert(lines[`/${name}`]?.includes(` user.long=${digest(long)}`));
      assert(lines[`/${name}`]?.includes(` trusted.${name}=${digest(long)}`));
    }
    assert(lines["/"]?.includes(` security.test=${digest(new Uint8Array([1, 2]))}`));
  },
});

Deno.test({
  ...needing("gensquashfs", "images of gensquashfs are read as what they were made of"),
  async fn(t) {
    using directory = makeTemporaryDirectory();
    const source = makeSource(directory.path);
    const expected = listDirectory(source);
    // gensquashfs makes one inode for each name, and a root of its own.
    for (const path of ["/text", "/deep/hard"]) {
      expected[path] = expected[path]?.replace(/ x2$/, " x1") ?? "";
    }
    for (const compressor of ["gzip", "xz", "lzo", "lz4", "zstd", "lzma"]) {
      await t.step(compressor, () => {
        const image = `${directory.path}/image`;
        run("gensquashfs", "-q", "-k", "-f", "-c", compressor, "-D", source, image);
        assertSameLines({ ...listImage(open(image)), "/": "" }, { ...expected, "/": "" });
      });
    }
  },
});

/** Writes an image of everything, with one of our option sets, to a file. */
async function writeSample(path: string, options: string): Promise<void> {
  const image = memoryImage();
  const words = options.split(" ").filter((word) => word !== "");
  using writer = createSquashfsWriter(image.output, parseSquashfsOptions(words));
  const shared = file(writer, prose(500_000), { uid: 4711, gid: 70_000, mode: 0o4755 });
  const long: Parameters<typeof directory>[0] = {};
  for (let index = 0; index < LONG_LISTING; index++) {
    long[`${"n".repeat(index % 50)}-${index}`] = special("fifo", { mtime: index });
  }
  const xattrs = new Map([["user.long", noise(3000)], ["user.empty", new Uint8Array(0)]]);
  await writer.finish(directory({
    "noise": file(writer, noise(300_000)),
    "shared": shared,
    "small": file(writer, prose(1000, 4), { xattrs }),
    "small noise": file(writer, noise(500, 4), { xattrs }),
    "copy of small": file(writer, prose(1000, 4)),
    "nothing": file(writer, new Uint8Array(0)),
    "zeros": file(writer, new Uint8Array(1_000_000)),
    "byte": file(writer, new Uint8Array([0])),
    "latin\xe9\xff": special("fifo"),
    "dir": directory({
      "shared": shared,
      "link": symlink("../shared", { xattrs: new Map([["trusted.t", noise(2000)]]) }),
      "null": device("character", [1, 3], { mode: 0o666 }),
      "disk": device("block", [259, 17]),
      "far disk": device("block", [259, 70_000]),
      "socket": special("socket"),
      "empty": directory({}, { mode: 0o1777 }),
      long: directory(long),
    }, { xattrs, mode: 0o2755, uid: 7 }),
  }, { mtime: 1_600_000_000 }));
  Deno.writeFileSync(path, image.bytes());
}

const OUR_OPTIONS = [
  "",
  "-noD -noF -noI -noX",
  "-comp gzip -b 4096",
  "-comp zstd",
  "-comp zstd -Xcompression-level 19 -b 1M",
  "-comp lz4",
  "-comp lzo",
  "-comp xz",
  "-comp xz -b 1M -noD",
  "-always-use-fragments",
  "-no-fragments -no-exports",
  "-no-xattrs -no-duplicates",
];

for (const options of OUR_OPTIONS) {
  Deno.test(`others read our images as we do: ${options || "no options"}`, async (t) => {
    using directory = makeTemporaryDirectory();
    const image = `${directory.path}/image`;
    await writeSample(image, options);

    await t.step({
      ...needing("unsquashfs", "unsquashfs lists"),
      fn() {
        const text = run("unsquashfs", "-UTC", "-lls", image);
        const listed = text.trim().replaceAll(/ +/g, " ").split("\n");
        assertEquals(listed.length, 19 + LONG_LISTING);
        const expected = [
          "-rwsr-xr-x 4711/70000 500000 1970-01-01 00:00 squashfs-root/dir/shared",
          "crw-rw-rw- root/root 1, 3 1970-01-01 00:00 squashfs-root/dir/null",
          "brw-r--r-- root/root 259, 17 1970-01-01 00:00 squashfs-root/dir/disk",
          "lrwxrwxrwx root/root 9 1970-01-01 00:00 squashfs-root/dir/link -> ../shared",
          "prw-r--r-- root/root 0 1970-01-01 00:00 squashfs-root/latin\xe9\xff",
        ];
        assertEquals(expected.filter((line) => !listed.includes(line)), []);
        assert(listed[0]?.includes("2020-09-13 12:26 squashfs-root"), listed[0]);
      },
    });

    await t.step({
      ...needing("unsquashfs", "unsquashfs extracts"),
      fn() {
        const target = `${directory.path}/out`;
        const args = ["-no-progress", "-ignore-errors", "-d", target, image];
        // Without root it fails to make devices and set attributes, and goes on.
        new Deno.Command("unsquashfs", { args }).outputSync();
        assertSameFiles(image, target);
      },
    });

    await t.step({
      ...needing("rdsquashfs", "rdsquashfs describes and reads"),
      fn() {
        const described = run("rdsquashfs", "-d", image).trim().split("\n");
        const lines = ["nod dir/disk 0644 0 0 b 259 17", "slink dir/link 0777 0 0 ../shared"];
        assertEquals(lines.filter((line) => !described.includes(line)), []);
        for (
          const [path, bytes] of [["/shared", prose(500_000)], ["/small", prose(1000, 4)]] as const
        ) {
          const { stdout } = new Deno.Command("rdsquashfs", { args: ["-c", path, image] })
            .outputSync();
          assertEquals(digest(stdout), digest(bytes));
        }
      },
    });

    await t.step({
      ...needing("sqfs2tar", "sqfs2tar makes an archive"),
      fn() {
        const { stdout, success } = new Deno.Command("sqfs2tar", { args: [image] }).outputSync();
        assert(success && stdout.length > 1_800_000);
      },
    });

    await t.step({
      ...requiring({ loopDevices: true }, "Linux mounts"),
      fn() {
        const mountPoint = `${directory.path}/mounted`;
        Deno.mkdirSync(mountPoint);
        run("mount", "-o", "loop,ro", image, mountPoint);
        try {
          assertSameFiles(image, mountPoint);
          const { rdev } = Deno.lstatSync(`${mountPoint}/dir/far disk`);
          assertEquals(rdev, encodeDevice({ major: 259, minor: 70_000 }));
          if (options.includes("-no-xattrs")) return;
          const xattrs = run("getfattr", "-h", "-d", "-m", "-", "-e", "hex", `${mountPoint}/small`);
          assert(xattrs.includes("user.empty") && xattrs.includes("user.long=0x"), xattrs);
        } finally {
          run("umount", mountPoint);
        }
      },
    });
  });
}

/** Compares the files an image has, as we read it, with a directory. */
function assertSameFiles(image: string, target: string): void {
  const ours = listImage(open(image));
  // Not valid UTF-8, so Deno cannot name it, and it lists the directory without telling.
  delete ours["/latin\xe9\xff"];
  const special = /^(?:character|block|socket) /;
  for (const [path, line] of Object.entries(ours)) {
    if (special.test(line)) continue;
    const status = Deno.lstatSync(target + path);
    const [kind, mode, owner, mtime, sizeOrTarget, content, links] = line.split(" ");
    assertEquals(Math.floor((status.mtime?.getTime() ?? 0) / 1000), Number(mtime), path);
    if (kind !== "symlink") {
      // Whoever is not root gets no set-id bits when files are extracted.
      const mask = isRoot ? 0o7777 : 0o1777;
      assertEquals((status.mode ?? 0) & mask, parseInt(mode ?? "", 8) & mask, path);
    }
    if (isRoot) assertEquals(`${status.uid}:${status.gid}`, owner, path);
    if (kind === "symlink") assertEquals(Deno.readLinkSync(target + path), sizeOrTarget);
    if (kind !== "file") continue;
    assertEquals(`x${status.nlink}`, links, path);
    assertEquals(digest(Deno.readFileSync(target + path)), content, path);
  }
}
