import { assert, assertEquals } from "@std/assert";
import "../../tests/support/loaded_library.ts";
import { writeLayout } from "../../tests/support/oci_layout.ts";
import { requiring } from "../../tests/support/requires.ts";
import { tarArchive, type TarMember } from "../../tests/support/tar_archive.ts";
import { hostPlatform, packImage, parseImageUri } from "./mod.ts";

/**
 * One image with everything in it, once as umoci unpacks it and once as unsquashfs unpacks what we
 * make of it.
 */

const LONG = `${"long/".repeat(30)}${"name".repeat(50)}`;
const BIG = "0123456789abcdef".repeat(20_000);

const LAYERS: TarMember[][] = [
  [
    { path: "./", mode: 0o755, mtime: 10 },
    { path: "./etc/", mtime: 11 },
    { path: "./etc/passwd", data: "root:x:0:0::/:/bin/sh\n", mtime: 12 },
    { path: "./usr/", mtime: 13 },
    { path: "./usr/bin/", mtime: 14 },
    { path: "./usr/bin/su", data: BIG, mode: 0o4755, mtime: 15 },
    { path: "./usr/bin/wall", data: "wall", mode: 0o2755, mtime: 16 },
    { path: "./usr/bin/link", type: "1", link: "./usr/bin/su" },
    { path: "./bin", type: "2", link: "usr/bin", mtime: 17 },
    { path: "./tmp/", mode: 0o1777, mtime: 18 },
    { path: "./srv/", mtime: 19 },
    { path: "./srv/null", type: "3", major: 1, minor: 3, mode: 0o666, mtime: 20 },
    { path: "./srv/disk", type: "4", major: 259, minor: 70000, mode: 0o660, mtime: 21 },
    { path: "./srv/pipe", type: "6", mtime: 22 },
    { path: "./gone", data: "1", mtime: 23 },
    { path: "./d/", mtime: 24 },
    { path: "./d/old", data: "2", mtime: 25 },
    { path: "./d/deep/", mtime: 26 },
    { path: "./d/deep/old", data: "3", mtime: 27 },
    { path: "./over/", mtime: 28 },
    { path: "./over/kept", data: "4", mtime: 29 },
    { path: "./was-directory/", mtime: 30 },
    { path: "./was-directory/x", data: "5", mtime: 31 },
    { path: "./was-file", data: "6", mtime: 32 },
    { path: "\xff\xfe", data: "not UTF-8", mtime: 33 },
  ],
  [
    { path: "etc/", mode: 0o700, mtime: 50 },
    { path: "etc/passwd", data: "new\n", mtime: 51 },
    { path: ".wh.gone" },
    { path: "d/", mtime: 52 },
    { path: "d/.wh..wh..opq" },
    { path: "d/new", data: "7", mtime: 53 },
    { path: "over/", mode: 0o711, mtime: 54 },
    { path: "over/more", data: "8", mtime: 55 },
    { path: "was-directory", type: "2", link: "nowhere", mtime: 56 },
    { path: "was-file/", mtime: 57 },
    { path: "was-file/x", data: "9", mtime: 58 },
    { path: "bin/through", data: "through a link", mtime: 59 },
    { path: "usr/bin/", mtime: 60 },
    { path: "hard-to-lower", type: "1", link: "usr/bin/wall" },
    { path: "d/deep/../cleaned", data: "12", mtime: 61 },
    { path: "was-linked", type: "1", link: "usr/bin/../bin/su" },
    { path: "was-name/.wh.x" },
  ],
  [
    { path: "x", data: "10", mtime: 80, pax: { "SCHILY.xattr.user.test": "\0\xffvalue" } },
    {
      path: "ping",
      data: "11",
      mtime: 81,
      pax: {
        "SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
      },
    },
    {
      path: "sparse",
      data: "data",
      mtime: 82,
      pax: {
        "GNU.sparse.size": "400000",
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": "131072,4",
      },
    },
    { path: "long", mtime: 83, pax: { path: LONG } },
    { path: "usr/bin/su", data: BIG, mode: 0o755, mtime: 84 },
    { path: "usr/bin/", mtime: 85 },
    { path: "", type: "5", mtime: 86 },
  ],
];

const GENERATED = ["rc", "rc.local", "environment", "fstab"];

/** Every file below a directory: kind, mode, owner, time, numbers or target or digest, and links. */
function listing(directory: string): string[] {
  const output = run("bash", ["-c", LIST, "list", directory]);
  // Directories that no layer names have the time of what needs them here, and of now elsewhere.
  const lines = output.replace(/^(\.\/long[^|]*\|d\|.*)\|[0-9.]+\|$/gm, "$1");
  return lines.split("\n").filter((line) => line !== "").sort();
}

const LIST = String.raw`
set -eu; cd "$1"; export LC_ALL=C
find . -name '*' \( -path './dev/*' -prune -o -printf '%p|%y|%m|%U:%G|%T@|%l\n' \)
find . -type f -links +1 -printf '%i %p\n' | sort | awk '
  $1 == last { print "links: " first " = " $2; next } { last = $1; first = $2 }'
find . -type f -print0 | sort -z | xargs -0 sha256sum
find . \( -type b -o -type c \) -exec stat -c 'device: %n %t:%T' '{}' +
find . -print0 | sort -z | xargs -0 getfattr -h -d -m '^(user|security\.capability)' -e hex
`;

function run(command: string, args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  assert(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  // File names are not UTF-8 here; each byte is a character.
  return new TextDecoder("latin1").decode(stdout);
}

Deno.test({
  ...requiring(
    { root: true, programs: ["bash", "umoci", "unsquashfs", "getfattr"], xattrs: true },
    "packImage() gives the tree that umoci unpacks",
  ),
  async fn() {
    const directory = await Deno.makeTempDir();
    try {
      const layout = `${directory}/layout`;
      const layers = LAYERS.map((members) => ({ tar: tarArchive(members) }));
      writeLayout(layout, [{ name: "latest", layers }]);
      run("umoci", ["raw", "unpack", "--image", `${layout}:latest`, `${directory}/umoci`]);

      const output = `${directory}/image.sqsh`;
      await packImage(() =>
        parseImageUri(`oci:${layout}:latest`).open({
          cachePath: `${directory}/cache`,
          tempPath: directory,
          configPath: directory,
          maxConnections: 1,
          connectTimeout: 1,
          transferTimeout: 1,
          transferRetries: 0,
          allowHttp: false,
          environment: {},
        }), {
        platform: hostPlatform("amd64"),
        output,
        force: false,
        squashOptions: [],
        processors: 2,
        sourceDateEpoch: null,
      });
      run("unsquashfs", ["-no-progress", "-dest", `${directory}/ours`, output]);
      for (const name of GENERATED) await Deno.remove(`${directory}/ours/etc/${name}`);
      // Which changes the time of the directory they were in.
      for (const tree of ["umoci", "ours"]) await Deno.utime(`${directory}/${tree}/etc`, 50, 50);

      assertEquals(listing(`${directory}/ours`), listing(`${directory}/umoci`));
      assert((Deno.statSync(`${directory}/ours/sparse`).blocks ?? 0) <= 256);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
