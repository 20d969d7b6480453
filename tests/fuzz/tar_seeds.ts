import { bytesOf } from "../../src/bytes/mod.ts";
import { signHeader, tarArchive, type TarMember } from "../support/tar_archive.ts";

/** Words of tar headers and of layers. */
export const TAR_WORDS: readonly string[] = [
  ...["ustar\x0000", "ustar  \0", "../", "/", "./", "\0", ".wh.", ".wh..wh..opq", ".wh..", "dev/"],
  ...["11 path=a/b\n", "13 path=../x\n", "12 size=999\n", "20 mtime=-1.5\n", "9 uid=-1\n"],
  ...["22 GNU.sparse.major=1\n", "22 GNU.sparse.minor=0\n", "25 GNU.sparse.realsize=9\n"],
  ...["27 SCHILY.xattr.user.a=bc\n", "19 linkpath=../../x\n", "x", "g", "L", "K", "S", "1", "2"],
  ...["\x80\0\0\0\0\0\0\x01", "\xff\xff\xff\xff\xff\xff\xff\xff", "00000000000\0", "77777777777\0"],
];

/** Small archives with everything in them that archives of layers have. */
export function tarSeeds(directory: string): Uint8Array[] {
  return [...ownArchives(), ...toolArchives(directory)];
}

/** Whether a block begins a member, whatever its checksum. */
export function isTarHeader(block: Uint8Array): boolean {
  const magic = [0x75, 0x73, 0x74, 0x61, 0x72].every((byte, index) => block[257 + index] === byte);
  // Before ustar there was no magic, but the mode has always been octal digits.
  const octal = (at: number) => (block[at] ?? 0) >= 0x30 && (block[at] ?? 0) <= 0x37;
  return magic || (octal(101) && octal(105) && octal(125) && octal(150));
}

/** Computes the checksums of all headers anew. */
export function repairTar(bytes: Uint8Array): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (isTarHeader(block)) signHeader(block);
  }
}

function ownArchives(): Uint8Array[] {
  const long = `${"long/".repeat(60)}name`;
  const archives: TarMember[][] = [
    [
      { path: "./" },
      { path: "./etc/" },
      { path: "./etc/passwd", data: "root:x:0:0::/root:/bin/sh\n" },
      { path: "./etc/alias", type: "1", link: "./etc/passwd" },
      { path: "./bin", type: "2", link: "usr/bin" },
      { path: "./usr/bin/run", data: "#!/bin/sh\n", mode: 0o4755 },
      { path: "./null", type: "3", major: 1, minor: 3 },
      { path: "./disk", type: "4", major: 8, minor: 1 },
      { path: "./pipe", type: "6" },
      { path: "dev/zero", type: "3", major: 1, minor: 5 },
    ],
    [
      { path: "a/link", type: "2", link: "/../../etc" },
      { path: "a/link/file", data: "inside" },
      { path: "a/up", type: "2", link: "../.." },
      { path: "a/up/sentinel/x", data: "x".repeat(600) },
      { path: "a/loop", type: "2", link: "loop" },
      { path: "a/again", type: "1", link: "a/link/file" },
    ],
    [
      { path: "lower/.wh.gone", data: "" },
      { path: "lower/.wh..wh..opq", data: "" },
      { path: "lower/kept/new", data: "n" },
      { path: "lower/sub/.wh.deep", data: "" },
      { path: ".wh.link", data: "" },
    ],
    [
      {
        path: "short",
        data: "contents",
        pax: {
          path: `${long}\xff`,
          mtime: "-1.25",
          uid: "4000000",
          "SCHILY.xattr.user.name": "value\0\n=",
          "SCHILY.xattr.security.capability": "\x01\0\0\x02" + "\0".repeat(16),
        },
      },
      { path: "g", type: "g", data: "20 comment=a comment\n12 mtime=77\n" },
      { path: "sized", data: "123456789", size: 3, pax: { size: "9" } },
      { path: "linked", type: "1", link: "x", pax: { linkpath: `${long}\xff` } },
    ],
    [
      { path: "././@LongLink", type: "L", data: `${long}\0` },
      { path: "cut", data: "of a long name" },
      { path: "././@LongLink", type: "K", data: `${long}\0` },
      { path: "symbolic", type: "2", link: "cut" },
      {
        path: "big",
        data: "12345",
        patch: (header) => header.set([0x80, 0, 0, 0, 0, 0, 0, 5], 128),
      },
      { path: "old", data: "old", patch: (header) => header.fill(0, 257, 512) },
    ],
    [
      {
        path: "sparse-1.0",
        data: `2\n0\n512\n4096\n512\n${"\0".repeat(512 - 17)}${"d".repeat(1024)}`,
        pax: {
          "GNU.sparse.major": "1",
          "GNU.sparse.minor": "0",
          "GNU.sparse.name": "sparse",
          "GNU.sparse.realsize": "10000",
        },
      },
      {
        path: "sparse-0.1",
        data: "d".repeat(600),
        pax: { "GNU.sparse.size": "5000", "GNU.sparse.map": "100,300,4000,300" },
      },
      {
        path: "sparse-0.0",
        data: "d".repeat(20),
        pax: [
          ["GNU.sparse.size", "5000"],
          ["GNU.sparse.numblocks", "2"],
          ["GNU.sparse.offset", "0"],
          ["GNU.sparse.numbytes", "10"],
          ["GNU.sparse.offset", "4000"],
          ["GNU.sparse.numbytes", "10"],
        ],
      },
      {
        path: "sparse-old",
        type: "S",
        data: "d".repeat(512),
        patch(header) {
          header.set(bytesOf("ustar  \0"), 257);
          header.set(bytesOf("00000002000\x0000000001000\0"), 386);
          header.set(bytesOf("00000010000\0"), 483);
        },
      },
    ],
  ];
  const attacks: TarMember[][] = [
    [{ path: "a/b/", type: "5" }, { path: "a/b/c", type: "1", link: "a" }],
    [{ path: "a/../../sentinel/x", data: "x" }],
    [{ path: "/../../sentinel/x", data: "x" }],
    [{ path: "a/..", data: "x" }],
    [{ path: "a/b/..", type: "2", link: "x" }],
    [
      { path: "a", type: "2", link: "b" },
      { path: "b", type: "2", link: "a" },
      { path: "b/c/d", data: "x" },
    ],
    [
      { path: "up", type: "2", link: "a/../.." },
      { path: "a", type: "2", link: "/up/up" },
      { path: "a/x", type: "1", link: "up/../../etc/passwd" },
    ],
    [{ path: "a/b/c", data: "x" }, { path: "a", data: "y" }, { path: "a/b", type: "1", link: "a" }],
    [{ path: "a/.wh...", data: "" }, { path: ".wh.", data: "" }, { path: "a/.wh./", type: "5" }],
  ];
  return [...archives, ...attacks].map(tarArchive);
}

/** What GNU tar and bsdtar make of a few files, where they are installed. */
function toolArchives(directory: string): Uint8Array[] {
  const tree = `${directory}/tree`;
  Deno.mkdirSync(`${tree}/${"deep/".repeat(30)}`, { recursive: true });
  Deno.writeTextFileSync(`${tree}/file`, "contents\n");
  Deno.linkSync(`${tree}/file`, `${tree}/hard`);
  Deno.symlinkSync("file", `${tree}/soft`);
  Deno.writeTextFileSync(`${tree}/${"é".repeat(60)}`, "");
  using sparse = Deno.createSync(`${tree}/sparse`);
  sparse.truncateSync(1 << 20);
  sparse.seekSync(1 << 19, Deno.SeekMode.Start);
  sparse.writeSync(new Uint8Array(100).fill(0x64));
  const common = [
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--mtime=@0",
    "-S",
    "-C",
    tree,
    "-c",
    ".",
  ];
  return [
    ["tar", "--format=gnu", ...common],
    ["tar", "--format=pax", ...common],
    ["tar", "--format=v7", "--exclude=deep", "--exclude=*\\303*", ...common],
    ["bsdtar", "--format=pax", "-C", tree, "-c", "."],
  ].flatMap(([name = "", ...args]) => {
    try {
      const { success, stdout } = new Deno.Command(name, { args, stderr: "null" }).outputSync();
      return success && stdout.length > 0 ? [stdout] : [];
    } catch {
      return [];
    }
  });
}
