import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import {
  enrootCommand,
  makeHome,
  runEnroot,
  type RunOptions,
  TEST_UID,
  type TestHome,
} from "../support/enroot.ts";
import { writeLayout } from "../support/oci_layout.ts";
import { serveRegistry } from "../support/registry.ts";
import { requiring } from "../support/requires.ts";
import { tarArchive, type TarMember } from "../support/tar_archive.ts";
import { treeListing } from "../support/tree_listing.ts";
import { until } from "../support/until.ts";

const NAME = "n".repeat(200);
const BIG = "0123456789abcdef".repeat(20_000);

/** Layers with a bit of everything. */
const LAYERS: TarMember[][] = [
  [
    { path: "./", mode: 0o700, mtime: 10 },
    { path: "./usr/bin/su", data: BIG, mode: 0o4755, mtime: 15 },
    { path: "./usr/bin/wall", data: "wall", mode: 0o2755, mtime: 16 },
    { path: "./usr/bin/link", type: "1", link: "./usr/bin/su" },
    { path: "./usr/bin/", mode: 0o111, mtime: 14 },
    { path: "./bin", type: "2", link: "usr/bin", mtime: 17 },
    { path: "./tmp/", mode: 0o1777, mtime: 18 },
    { path: "./srv/null", type: "3", major: 1, minor: 3, mode: 0o666, mtime: 20 },
    { path: "./srv/disk", type: "4", major: 259, minor: 70000, mode: 0o660, mtime: 21 },
    { path: "./srv/pipe", type: "6", mode: 0o622, mtime: 22 },
    { path: "./srv/pipe2", type: "1", link: "srv/pipe" },
    { path: "./srv/link", type: "2", link: "/nowhere", mtime: 23 },
    { path: "./srv/link2", type: "1", link: "srv/link" },
    { path: "./gone", data: "1", mtime: 23 },
    { path: "./gone-too", type: "1", link: "gone" },
    { path: "./d/old", data: "2", mtime: 25 },
    { path: "./was-directory/x", data: "5", mtime: 31 },
    { path: "./was-file", data: "6", mtime: 32 },
    { path: "./\xff\xfe\n", data: "not UTF-8", mtime: 33 },
    { path: "./empty", mtime: 34 },
    { path: "./empty2", type: "1", link: "empty" },
    { path: "./dev/null", type: "3", major: 1, minor: 3 },
  ],
  [
    { path: ".wh.gone" },
    { path: "d/.wh..wh..opq" },
    { path: "d/new", data: "7", mode: 0, mtime: 53 },
    { path: "d/", mode: 0o2770, mtime: 52 },
    { path: "was-directory", type: "2", link: "nowhere", mtime: 56 },
    { path: "was-file/", mode: 0, mtime: 57 },
    { path: "was-file/x", data: "9", mtime: 58 },
    { path: "bin/through", data: "through a link", mtime: 59 },
    { path: "hard-to-lower", type: "1", link: "usr/bin/wall" },
    { path: "copy", data: BIG, mode: 0o640, mtime: 60 },
  ],
  [
    {
      path: "x",
      data: "10",
      mode: 0o444,
      mtime: 80,
      pax: { "SCHILY.xattr.user.test": "\0\xffvalue" },
    },
    { path: "y/", mtime: 81, pax: { "SCHILY.xattr.user.d": "of a directory" } },
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
        "GNU.sparse.size": "4000000",
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": "1310720,4",
      },
    },
    { path: "half", data: "a", pax: { mtime: "1234567.75" } },
    { path: "before", data: "b", pax: { mtime: "-86400.5" } },
    { path: "long", mtime: 83, pax: { path: `${"long/".repeat(30)}${NAME}` } },
    { path: "usr/bin/su", data: BIG, mode: 0o755, mtime: 84 },
  ],
];

/** An OCI layout in the home directory, with one image. */
function layout(home: TestHome, layers: TarMember[][] = LAYERS): string {
  writeLayout(`${home.path}/image`, [{
    architecture: "amd64",
    layers: layers.map((members) => ({ tar: tarArchive(members) })),
    run: { Env: ["NAME=value"], Cmd: ["/bin/tool"], WorkingDir: "/made/for/it" },
  }]);
  return "oci:image";
}

const load = (home: TestHome, args: string[], options: RunOptions = {}) =>
  runEnroot(["load", "--arch=amd64", ...args], { home, ...options });

async function importAndCreate(home: TestHome, uri: string, options: RunOptions = {}) {
  for (const args of [["import", "-a", "amd64", "-o", "i", uri], ["create", "-n", "two", "i"]]) {
    const { code, stderr } = await runEnroot(args, { home, ...options });
    assertEquals([code, args], [0, args], stderr);
  }
}

/** A listing without what has the time of now: the files that are not of the image. */
function imagesOwn(directory: string): string[] {
  const generated = /^\.(\/etc(\/(rc|rc\.local|environment|fstab))?|\/made(\/for(\/it)?)?)\|/;
  return treeListing(directory).filter((line) => !generated.test(line));
}

const names = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name);

for (const asCaller of Deno.uid() === 0 ? [false, true] : [false]) {
  Deno.test(`load gives what import and create give${asCaller ? " the superuser" : ""}`, async () => {
    using home = makeHome({ asCaller });
    const uri = layout(home);
    const { code, stdout, stderr } = await load(home, ["-n", "one", uri], { asCaller });
    assertEquals([code, stdout], [0, ""], stderr);
    const lines = ["[INFO] Extracting image layers...", "[WARN] Left out device nodes: 2", ""];
    assertEquals(stderr.split("\n"), lines);
    await importAndCreate(home, uri, { asCaller });
    assertEquals(imagesOwn(`${home.data}/one`), imagesOwn(`${home.data}/two`));
    assertEquals(names(home.data).sort(), ["one", "two"]);
    assertMatch(Deno.readTextFileSync(`${home.data}/one/etc/rc`), /exec '\/bin\/tool'/);
    const { uid, mode } = Deno.statSync(`${home.data}/one/usr/bin`);
    assertEquals([uid, (mode ?? 0) & 0o777], [asCaller ? Deno.uid() : TEST_UID, 0o711]);
  });
}

Deno.test("load sets every time to SOURCE_DATE_EPOCH, as import and create do", async () => {
  using home = makeHome();
  const env = { SOURCE_DATE_EPOCH: "1700000000" };
  const uri = layout(home);
  assertEquals((await load(home, ["-n", "one", uri], { env })).code, 0);
  await importAndCreate(home, uri, { env });
  assertEquals(treeListing(`${home.data}/one`), treeListing(`${home.data}/two`));
});

Deno.test("load takes layers of many chunks, decompressed by threads or not", async () => {
  using home = makeHome();
  const noise = (length: number) => crypto.getRandomValues(new Uint8Array(65_536)).slice(0, length);
  const files = (count: number, prefix: string): TarMember[] =>
    Array.from({ length: count }, (_, index) => ({
      path: `${prefix}/${index % 7}/${index}`,
      data: noise(65_536 - index),
      mtime: index,
    }));
  const uri = layout(home, [
    [{ path: "./", mtime: 1 }, ...files(150, "a")],
    [...files(60, "b"), { path: "a/.wh.1" }, { path: "link", type: "1", link: "a/2/2" }],
  ]);
  for (const [name = "", processors = ""] of [["one", "1"], ["four", "4"]]) {
    const env = { ENROOT_MAX_PROCESSORS: processors };
    const { code, stderr } = await load(home, ["-n", name, uri], { env });
    assertEquals(code, 0, stderr);
  }
  await importAndCreate(home, uri);
  assertEquals(imagesOwn(`${home.data}/one`), imagesOwn(`${home.data}/two`));
  assertEquals(imagesOwn(`${home.data}/four`), imagesOwn(`${home.data}/two`));
});

Deno.test("load names the container after the image, and replaces one only when told to", async () => {
  await using registry = serveRegistry({
    "group/tool:1.2": { layers: [{ bytes: tarArchive([{ path: "version", data: "old" }]) }] },
  });
  using home = makeHome();
  const uri = `docker://${registry.address}/group/tool:1.2`;
  const env = { ENROOT_ALLOW_HTTP: "y" };
  const enroot = (...args: string[]) => runEnroot(["load", ...args], { home, env });
  const { code, stderr } = await enroot(uri);
  assertEquals(code, 0, stderr);
  assertEquals(names(home.data), ["group+tool+1.2"]);

  Deno.writeTextFileSync(`${home.data}/group+tool+1.2/version`, "changed");
  const refused = await enroot(uri);
  const message = `[ERROR] File already exists: ${home.data}/group+tool+1.2\n`;
  assertEquals([refused.code, refused.stderr], [1, message]);
  assertEquals((await enroot("--force", uri)).code, 0);
  assertEquals(Deno.readTextFileSync(`${home.data}/group+tool+1.2/version`), "old");
  assertEquals((await enroot("-n", "a/b", uri)).stderr, "[ERROR] Invalid argument: a/b\n");
  assertEquals(names(home.data), ["group+tool+1.2"]);
});

Deno.test("load keeps the old container and leaves nothing when the image is bad", async () => {
  using home = makeHome();
  const uri = layout(home, [[{ path: "version", data: "old" }]]);
  assertEquals((await load(home, ["-n", "box", uri])).code, 0);
  const bad: [layers: TarMember[][], reason: string][] = [
    [[[{ path: "version", data: "new" }], [{ path: "../outside" }]], '".." in path'],
    [[[{ path: "a", data: "x" }, { path: "a/b", data: "y" }]], "a is not a directory"],
    [[[{ path: "x", data: "short", size: 1_000_000 }]], "archive is truncated"],
  ];
  for (const [layers, reason] of bad) {
    Deno.removeSync(`${home.path}/image`, { recursive: true });
    const { code, stderr } = await load(home, ["-f", "-n", "box", layout(home, layers)]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, reason);
    assertEquals(Deno.readTextFileSync(`${home.data}/box/version`), "old");
    assertEquals(names(home.data), ["box"]);
  }
});

Deno.test("load and import take the archive of a root filesystem, compressed or not", async () => {
  using home = makeHome();
  const tar = tarArchive([
    { path: "./", mtime: 5 },
    { path: "./bin/sh", data: "shell", mode: 0o755, mtime: 6 },
    { path: "./etc/fstab", data: "of the archive", mtime: 7 },
  ]);
  Deno.writeFileSync(`${home.path}/root.tar.gz`, gzipSync(tar));
  Deno.writeFileSync(`${home.path}/plain:1.tar`, tar);
  const { code, stderr } = await load(home, ["tar:root.tar.gz"]);
  assertEquals([code, stderr], [0, "[INFO] Extracting image layers...\n"]);
  assertEquals((await load(home, ["-n", "plain", "tar:plain:1.tar"])).code, 0);
  await importAndCreate(home, "tar:root.tar.gz");
  assertEquals(imagesOwn(`${home.data}/root`), imagesOwn(`${home.data}/two`));
  const withoutRc = (name: string) =>
    imagesOwn(`${home.data}/${name}`).filter((line) => !line.endsWith("./etc/rc"));
  assertEquals(withoutRc("plain"), withoutRc("two"));
  assertMatch(Deno.readTextFileSync(`${home.data}/root/etc/rc`), /exec '\/bin\/sh'\nfi\n$/);
  assertStringIncludes(
    Deno.readTextFileSync(`${home.data}/root/etc/rc`),
    "# enroot-provenance: tar:root.tar.gz\n",
  );

  const zipped = gzipSync(tar);
  Deno.writeFileSync(`${home.path}/cut.tgz`, zipped.subarray(0, zipped.length - 20));
  Deno.writeTextFileSync(`${home.path}/text`, "no archive\n".repeat(100));
  for (
    const [uri, message] of [
      ["tar:cut.tgz", "Cannot decompress gzip data: unexpected end of data (cut.tgz)"],
      ["tar:text", "Cannot read text: wrong checksum in header"],
      ["tar:nowhere.tar", "No such file or directory: nowhere.tar"],
      ["tar:text:latest", "No such file or directory: text:latest"],
      ["tar:tmp", "Cannot read tmp: Is a directory"],
      ["tar:/dev/zero", "Cannot read /dev/zero: Is a character device"],
      ["oci-archive:/dev/zero", "Cannot read /dev/zero: Is a character device"],
      ["docker-archive:/dev/zero", "Cannot read /dev/zero: Is a character device"],
      ["tar:", "No such file or directory:"],
    ] as const
  ) {
    const { code, stderr } = await load(home, ["-n", "x", uri]);
    assertEquals([code, stderr.split("\n").at(-2)], [1, `[ERROR] ${message}`]);
  }
  assertEquals(names(home.data).sort(), ["plain", "root", "two"]);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`load leaves nothing behind when ${signal} ends it`, async () => {
    using home = makeHome();
    const members = Array.from({ length: 20_000 }, (_, index) => ({
      path: `${index % 100}/${index}`,
      data: `${index}`,
    }));
    const uri = layout(home, [members]);
    const child = enrootCommand(["load", "-a", "amd64", uri], { home }).spawn();
    const isUnderWay = () => {
      try {
        const [name = ""] = names(home.data);
        return names(`${home.data}/${name}/rootfs.data`).length > 0;
      } catch {
        return false;
      }
    };
    await until(isUnderWay, { interval: 1 });
    child.kill(signal);
    assertEquals((await child.output()).signal, signal);
    assertEquals(names(home.data), []);
  });
}

Deno.test({
  ...requiring({ mounts: true }, "load leaves nothing behind on a disk that is full"),
  async fn() {
    using home = makeHome();
    Deno.mkdirSync(home.data);
    const mount = new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", `size=3m,uid=${TEST_UID},mode=700`, "none", home.data],
    }).outputSync();
    assert(mount.success);
    try {
      const data = new Uint8Array(1_000_000).fill(1);
      const uri = layout(home, [["a", "b", "c", "d"].map((path) => ({ path, data }))]);
      const { code, stderr } = await load(home, [uri]);
      assertEquals(code, 1);
      assertMatch(stderr, /\[ERROR\] Cannot write files to .*: No space left on device\n$/);
      assertEquals(names(home.data), []);
    } finally {
      new Deno.Command("umount", { args: [home.data] }).outputSync();
    }
  },
});
