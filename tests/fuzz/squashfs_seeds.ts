import { byteString } from "../../src/bytes/mod.ts";
import type { Directory } from "../../src/fstree/mod.ts";
import { parseSuperblock, SUPERBLOCK_SIZE } from "../../src/formats/squashfs/format/superblock.ts";
import {
  createSquashfsWriter,
  type FileData,
  parseSquashfsOptions,
  type SquashfsWriter,
} from "../../src/formats/squashfs/mod.ts";
import { memoryImage } from "../../src/formats/squashfs/testing/memory_image.ts";
import {
  device,
  directory,
  file,
  noise,
  prose,
  special,
  symlink,
} from "../../src/formats/squashfs/testing/sample_tree.ts";
import type { Seed } from "./target.ts";

/** Names that would lead out of a directory, and back into it. */
export const SQUASHFS_WORDS: readonly string[] = [
  ...["..", "../", "/", ".", "\0", "../sentinel", "/proc/self/cwd", "user.", "\x01\0", "\x02\0"],
  ...[
    "\xff\xff\xff\xff",
    "\xff\xff\xff\xff\xff\xff\xff\xff",
    "\0\0\0\0\0\0\0\0",
    "\x09\0",
    "\x08\0",
  ],
];

const OWN_OPTIONS = [
  // Metadata as it is: changes hit fields, not compressed data.
  ["-no-compression", "-b", "4096"],
  ["-no-compression", "-b", "4096", "-no-fragments", "-no-exports"],
  ["-comp", "gzip", "-noI", "-noX", "-b", "4096"],
  ["-comp", "zstd", "-noI", "-noX", "-b", "4096", "-always-use-fragments"],
  ["-comp", "lz4", "-noI", "-b", "4096"],
  ["-comp", "lzo", "-noI", "-b", "4096"],
  ["-comp", "xz", "-noI", "-b", "4096"],
  ...["gzip", "zstd", "lz4", "lzo", "xz"].map((compression) => ["-comp", compression]),
];

/**
 * Small images of all compressions, by our writer and by squashfs-tools where they are installed.
 *
 * @param options.manyNames whether some have directories with hundreds of names
 */
export async function squashfsSeeds(
  scratch: string,
  { manyNames: many }: { manyNames: boolean },
): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const options of OWN_OPTIONS) {
    seeds.push(await ownImage(options, everyKind));
    if (many) seeds.push(await ownImage(options, manyNames));
  }
  return [...seeds, ...await attacks(), ...toolImages(scratch)];
}

/** Images with names that are none, and with a directory that is below itself. */
async function attacks(): Promise<Seed[]> {
  const nested = (writer: SquashfsWriter) => {
    const content = file(writer, prose(100));
    return directory({ aa: directory({ out: symlink("..") }), zz: directory({ content }) });
  };
  const { bytes } = await ownImage(["-no-compression", "-b", "4096"], nested);
  const listing = byteString(bytes).lastIndexOf("zz");
  const { rootInode } = parseSuperblock(bytes.subarray(0, SUPERBLOCK_SIZE));
  const patched = (at: number, patch: number[]) => {
    const copy = bytes.slice();
    copy.set(patch, at);
    return seedOf(copy);
  };
  return [
    patched(listing, [0x2f, 0x61]),
    patched(listing, [0x2e, 0x2e]),
    patched(listing, [0x7a, 0]),
    // An entry is the offset of the inode, its number and its type, the length of the name, the name.
    patched(listing - 8, [rootInode & 0xff, rootInode >> 8]),
  ];
}

async function ownImage(
  options: string[],
  tree: (writer: SquashfsWriter) => Directory<FileData>,
): Promise<Seed> {
  const image = memoryImage();
  const parsed = parseSquashfsOptions([...options, "-mkfs-time", "0", "-processors", "1"]);
  using writer = createSquashfsWriter(image.output, parsed);
  await writer.finish(tree(writer));
  return seedOf(image.bytes());
}

function seedOf(bytes: Uint8Array): Seed {
  const { inodeTable, bytesUsed } = parseSuperblock(bytes.subarray(0, SUPERBLOCK_SIZE));
  return { bytes, focus: [[0, SUPERBLOCK_SIZE], [inodeTable, bytesUsed], [inodeTable, bytesUsed]] };
}

function everyKind(writer: SquashfsWriter): Directory<FileData> {
  const shared = file(writer, prose(9000), { mode: 0o4755 });
  const empty = file(writer, new Uint8Array(0));
  writer.beginFile(20_000);
  writer.writeHole(12_000);
  writer.write(noise(8000));
  const sparse = { ...empty, size: 20_000, content: writer.endFile() };
  const xattrs = new Map([["user.a", noise(100)], ["security.capability", noise(20)]]);
  return directory({
    a: directory({ link: symlink("../../sentinel"), out: symlink("/"), same: shared }),
    b: directory({ c: directory({ d: directory({ e: file(writer, prose(300, 2)) }) }) }),
    null: device("character", [1, 3]),
    disk: device("block", [8, 1], { xattrs }),
    pipe: special("fifo"),
    socket: special("socket", { xattrs }),
    shared,
    sparse,
    empty,
    tail: file(writer, prose(5000, 3), { xattrs: new Map([...xattrs, ["user.b", noise(100)]]) }),
    "\xff\xfe \n": symlink("t".repeat(300), { xattrs }),
  }, { mode: 0o1777, xattrs });
}

/** A directory with an index, which has names to search. */
function manyNames(writer: SquashfsWriter): Directory<FileData> {
  const children: Parameters<typeof directory>[0] = {};
  const content = file(writer, prose(100));
  for (let index = 0; index < 300; index++) {
    children[`${"name".repeat(index % 12)}${index}`] = index % 3 === 0 ? content : special("fifo");
  }
  return directory({ many: directory(children), few: directory({ one: content }) });
}

/** What mksquashfs makes of a few files. */
function toolImages(scratch: string): Seed[] {
  const tree = `${scratch}/mksquashfs-tree`;
  Deno.mkdirSync(`${tree}/directory/below`, { recursive: true });
  Deno.writeFileSync(`${tree}/directory/prose`, prose(6000));
  Deno.writeFileSync(`${tree}/directory/below/noise`, noise(5000));
  Deno.linkSync(`${tree}/directory/prose`, `${tree}/linked`);
  Deno.symlinkSync("../sentinel", `${tree}/symbolic`);
  using sparse = Deno.createSync(`${tree}/sparse`);
  sparse.truncateSync(1 << 20);
  const fixed = "-mkfs-time 0 -all-time 0 -all-root -processors 1 -no-progress -quiet -b 4096";
  return [
    "-comp gzip -noI -noX",
    "-comp gzip",
    "-comp lzo",
    "-comp lz4",
    "-comp xz",
    "-comp zstd",
    "-comp lzma",
    "-comp gzip -noI -noD -noF -always-use-fragments",
    "-comp xz -noI -Xbcj x86,arm",
  ].flatMap((options, index) => {
    const output = `${scratch}/mksquashfs-${index}`;
    try {
      const { success } = new Deno.Command("mksquashfs", {
        args: [tree, output, ...options.split(" "), ...fixed.split(" ")],
        stdout: "null",
        stderr: "null",
      }).outputSync();
      return success ? [seedOf(Deno.readFileSync(output))] : [];
    } catch {
      return [];
    }
  });
}
