import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { memoryStore } from "../../../tests/support/memory_store.ts";
import { tarArchive, type TarMember } from "../../../tests/support/tar_archive.ts";
import { bytesOf } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import type { Digest } from "../../formats/oci/mod.ts";
import { type Directory, type Inode, lookup, walk } from "../../fstree/mod.ts";
import { LayerRecord } from "./layer_record.ts";
import { type LayerData, LayerStack } from "./layers.ts";

const DIGEST: Digest = `sha256:${"0".repeat(64)}`;

function newStack(): LayerStack<string> {
  return new LayerStack(memoryStore(), { mtime: 0 });
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

/** The tree of an image with these layers, bottom first; read in turn, and all at once. */
async function unpack(...layers: TarMember[][]): Promise<Directory<string>> {
  const inTurn = newStack();
  for (const members of layers) await inTurn.apply(layerData(members));
  const atOnce = newStack();
  const { signal } = new AbortController();
  const read = await Promise.all(
    layers.map((members) => atOnce.read(layerData(members), { store: memoryStore(), signal })),
  );
  for (const layer of read) await atOnce.applyRead(layer);
  assertEquals(atOnce.root, inTurn.root);
  return inTurn.root;
}

function layerData(members: TarMember[]): LayerData {
  return { name: `layer ${DIGEST}`, bytes: chunksOf(tarArchive(members)) };
}

function paths(root: Directory<string>): string[] {
  return [...walk(root)].slice(1).map(({ path, inode }) =>
    inode.kind === "directory" ? `${path}/` : path
  );
}

function at(root: Directory<string>, path: string): Inode<string> | undefined {
  return lookup(root, path.split("/"));
}

async function refuses(layers: TarMember[][], message: string): Promise<void> {
  const inTurn = async () => {
    const stack = newStack();
    for (const members of layers) await stack.apply(layerData(members));
  };
  const recorded = async () => {
    const stack = newStack();
    const { signal } = new AbortController();
    for (const members of layers) {
      await stack.applyRead(await stack.read(layerData(members), { store: memoryStore(), signal }));
    }
  };
  await assertRejects(inTurn, EnrootError, message);
  await assertRejects(recorded, EnrootError, message);
}

Deno.test("LayerStack applies layers from the bottom up", async () => {
  const root = await unpack(
    [{ path: "./" }, { path: "./etc/", mode: 0o700 }, { path: "./etc/a", data: "old" }],
    [{ path: "etc/a", data: "new", mode: 0o4755, mtime: 7 }, { path: "/b" }],
  );
  assertEquals(paths(root), ["b", "etc/", "etc/a"]);
  assertEquals(at(root, "etc/a"), {
    kind: "file",
    mode: 0o4755,
    uid: 0,
    gid: 0,
    mtime: 7,
    xattrs: null,
    size: 3,
    content: "new",
  });
  assertEquals(at(root, "etc")?.mode, 0o700);
});

Deno.test("LayerStack gives everything to root", async () => {
  const root = await unpack([
    { path: "d/", uid: 1000, gid: 1000 },
    { path: "f", uid: 5, gid: 6 },
    { path: "l", type: "2", link: "f", uid: 7 },
  ]);
  for (const { inode } of walk(root)) assertEquals([inode.uid, inode.gid], [0, 0]);
});

Deno.test("LayerStack keeps devices, pipes and links of both kinds", async () => {
  const root = await unpack(
    [{ path: "f", data: "1" }],
    [
      { path: "null", type: "3", major: 1, minor: 3 },
      { path: "disk", type: "4", major: 259, minor: 0o1000000 },
      { path: "pipe", type: "6" },
      { path: "sym", type: "2", link: "../../f" },
      { path: "hard", type: "1", link: "./f" },
    ],
  );
  assertEquals(paths(root), ["disk", "f", "hard", "null", "pipe", "sym"]);
  assertStrictEquals(at(root, "hard"), at(root, "f"));
  const sym = at(root, "sym");
  assertEquals(sym?.kind === "symlink" && sym.target, "../../f");
  const disk = at(root, "disk");
  assertEquals(disk?.kind === "block" && [disk.major, disk.minor], [259, 0o1000000]);
});

Deno.test("LayerStack obeys whiteouts, which hide only lower layers", async () => {
  const below: TarMember[] = [{ path: "a" }, { path: "d/x" }, { path: "d/y" }, { path: "e/z" }];
  assertEquals(
    paths(
      await unpack(below, [
        { path: ".wh.a" },
        { path: "d/new" },
        { path: "d/.wh..wh..opq" },
        { path: "e/.wh.z" },
        { path: "e/z", data: "new" },
      ]),
    ),
    ["d/", "d/new", "e/", "e/z"],
  );
  assertEquals(paths(await unpack(below, [{ path: ".wh.d", type: "3" }])), ["a", "e/", "e/z"]);
  assertEquals(paths(await unpack(below, [{ path: ".wh..wh..opq" }])), []);
  assertEquals(paths(await unpack([{ path: ".wh.no" }, { path: ".whiteboard" }])), [
    ".whiteboard",
  ]);
});

Deno.test("LayerStack refuses whiteouts that mean nothing, or a directory itself", async () => {
  for (const path of [".wh..wh.", "d/.wh..wh.auf", ".wh..wh..opqx", "d/.wh..wh..opq/f"]) {
    await refuses([[{ path }]], `Cannot extract ${path} from layer ${DIGEST}: unknown kind`);
  }
  for (const path of ["d/.wh.", "d/.wh..", "d/.wh..."]) {
    await refuses([[{ path: "d/x" }], [{ path }]], "malformed whiteout");
  }
  assertEquals(paths(await unpack([{ path: "..." }], [{ path: ".wh....." }])), ["..."]);
});

Deno.test("LayerStack skips what aufs keeps in a layer, and gives its linked files their names", async () => {
  const root = await unpack([
    { path: ".wh..wh.plnk/" },
    { path: "./.wh..wh.plnk/12.34", data: "linked" },
    { path: ".wh..wh.plnk/12.35", data: "not linked" },
    { path: ".wh..wh.aufs", data: "x" },
    { path: ".wh..wh.orph/" },
    { path: ".wh..wh.orph/.wh.x" },
    { path: "d/.wh..wh.orph/deep/link", type: "2", link: "x" },
    { path: "a", type: "1", link: ".wh..wh.plnk/12.34" },
    { path: "b/c", type: "1", link: "/.wh..wh.plnk/./12.34" },
  ], [{ path: ".wh..wh.aufs/x" }]);
  assertEquals(paths(root), ["a", "b/", "b/c"]);
  assertStrictEquals(at(root, "a"), at(root, "b/c"));
  const file = at(root, "a");
  assertEquals(file?.kind === "file" && file.content, "linked");
  const linked = { path: ".wh..wh.plnk/1", data: "x" };
  await refuses([[linked], [{ path: "a", type: "1", link: linked.path }]], "no such file");
});

Deno.test("LayerStack takes a member without a name for the root", async () => {
  for (const path of ["", "./", "/", ".//."]) {
    const root = await unpack([{ path, type: "5", mode: 0o711, mtime: 7 }, { path: "a" }]);
    assertEquals([root.mode, root.mtime, paths(root)], [0o711, 7, ["a"]], path);
    await refuses([[{ path, type: "6" }]], "Cannot extract");
  }
  await refuses([[{ path: "" }]], `Cannot extract . from layer ${DIGEST}: the root is a directory`);
  await refuses([[{ path: "", type: "2", link: "x" }]], "the root is a directory");
});

Deno.test("LayerStack takes paths that go up, but not out of the root", async () => {
  const root = await unpack(
    [{ path: "opt/a/" }, { path: "opt/a/../b" }, { path: "c", type: "1", link: "x/../opt/b" }],
    [{ path: "opt/x/../.wh.a" }],
  );
  assertEquals(paths(root), ["c", "opt/", "opt/b"]);
  assertStrictEquals(at(root, "c"), at(root, "opt/b"));
  for (const path of ["opt/../../b", "../b", "/../b"]) {
    await refuses([[{ path }]], `Cannot extract ${path} from layer ${DIGEST}: ".." in path leads`);
    await refuses([[{ path: "a", type: "1", link: path }]], "leads out of the root");
  }
});

Deno.test("LayerStack lets a file of a lower layer give way to what is below its name", async () => {
  const below: TarMember[] = [{ path: "a", data: "x" }, { path: "s", type: "2", link: "a" }];
  const root = await unpack(below, [{ path: "a/b/c", mtime: 5 }, { path: "s/x" }, {
    path: "s/.wh.y",
  }]);
  assertEquals(paths(root), ["a/", "a/b/", "a/b/c", "a/x", "s"]);
  assertEquals(paths(await unpack(below, [{ path: "a/.wh.b" }, { path: "s/.wh..wh..opq" }])), [
    "a",
    "s",
  ]);
  await refuses([[{ path: "a" }, { path: "a/b" }]], "a is not a directory");
});

Deno.test("LayerStack drops what is below /dev, and only that", async () => {
  const root = await unpack(
    [
      { path: "dev/", mode: 0o711 },
      { path: "./dev/null", type: "3", major: 1, minor: 3 },
      { path: "/dev/shm/" },
      { path: "dev/big", data: "not to be stored" },
      { path: "dev/hard", type: "1", link: "dev/big" },
      { path: "device" },
      { path: "opt/dev/x" },
    ],
    [{ path: "dev/.wh.null" }, { path: "dev/.wh..wh.odd" }],
  );
  assertEquals(paths(root), ["dev/", "device", "opt/", "opt/dev/", "opt/dev/x"]);
  assertEquals(at(root, "dev")?.mode, 0o711);
});

Deno.test("LayerStack keeps the extended attributes that have a meaning elsewhere", async () => {
  const root = await unpack([{
    path: "a",
    pax: {
      "SCHILY.xattr.user.x": "\0\xff",
      "SCHILY.xattr.security.capability": "cap",
      "SCHILY.xattr.security.selinux": "label",
      "SCHILY.xattr.trusted.overlay.opaque": "y",
      "SCHILY.xattr.user.overlay.redirect": "/etc",
      "SCHILY.xattr.system.posix_acl_access": "acl",
    },
  }, { path: "b", pax: { "SCHILY.xattr.trusted.x": "1" } }]);
  assertEquals(
    at(root, "a")?.xattrs,
    new Map([["user.x", bytesOf("\0\xff")], ["security.capability", bytesOf("cap")]]),
  );
  assertEquals(at(root, "b")?.xattrs, null);
});

Deno.test("LayerStack refuses more extended attributes than the kernel would take", async () => {
  const withXattr = (name: string, size: number): TarMember[] => [
    { path: "a", pax: { [`SCHILY.xattr.${name}`]: "x".repeat(size) } },
  ];
  assertEquals((await unpack(withXattr("user.x", 65000))).children.size, 1);
  assertEquals((await unpack(withXattr("trusted.x", 70000))).children.size, 1);
  await refuses([withXattr("user.x", 65536)], "extended attributes too large");
  await refuses([withXattr(`user.${"n".repeat(251)}`, 1)], "extended attributes too large");
});

Deno.test("LayerStack keeps the holes of sparse files", async () => {
  const root = await unpack([{
    path: "s",
    data: "abc",
    pax: { "GNU.sparse.size": "5000", "GNU.sparse.map": "1000,3" },
  }]);
  const file = at(root, "s");
  assertEquals(file?.kind === "file" && [file.size, file.content], [5000, "<1000>abc<3997>"]);
  await refuses([[{
    path: "s",
    pax: { "GNU.sparse.size": "9000000000000000", "GNU.sparse.map": "" },
  }]], "too large a sparse file");
});

Deno.test("LayerStack refuses paths that lead out of the root, naming them and the layer", async () => {
  await refuses(
    [[{ path: "../etc/passwd" }]],
    `Cannot extract ../etc/passwd from layer ${DIGEST}: ".." in path`,
  );
  await refuses([[{ path: "a" }, { path: "b", type: "1", link: "../a" }]], '".." in path');
  // Followed inside the root.
  const root = await unpack([
    { path: "out", type: "2", link: "/../../tmp" },
    { path: "out/x", data: "1" },
  ]);
  assertEquals(paths(root), ["out", "tmp/", "tmp/x"]);
});

Deno.test("LayerStack refuses hard links to nothing, naming both", async () => {
  await refuses(
    [[{ path: "a", type: "1", link: "b/c" }]],
    `Cannot extract a from layer ${DIGEST}: cannot link to b/c: no such file`,
  );
});

Deno.test("LayerStack refuses devices and link targets that no system has", async () => {
  const huge = (header: Uint8Array) => header.set([0x80, 0, 0, 0, 1, 0, 0, 0], 329);
  await refuses([[{ path: "d", type: "3", patch: huge }]], "no such device: 16777216:0");
  await refuses([[{ path: "s", type: "2" }]], "symbolic link to nothing");
  const target = (length: number): TarMember[] => [
    { path: "s", type: "2", pax: { linkpath: "t".repeat(length) } },
  ];
  assertEquals((await unpack(target(4095))).children.size, 1);
  await refuses([target(4096)], "link target too long");
});

Deno.test("LayerStack reads to the end of the bytes, beyond that of the archive", async () => {
  const bytes = new Uint8Array([...tarArchive([{ path: "a" }]), ...new Uint8Array(9000)]);
  let read = 0;
  async function* counted() {
    for await (const chunk of chunksOf(bytes)) {
      read += chunk.length;
      yield chunk;
    }
  }
  await newStack().apply({ name: "layer", bytes: counted() });
  assertEquals(read, bytes.length);
});

Deno.test("LayerStack names the layer that is no archive", async () => {
  const bytes = new Uint8Array(1024).fill(1);
  await assertRejects(
    () =>
      newStack()
        .apply({ name: `layer ${DIGEST}`, bytes: chunksOf(bytes) }),
    EnrootError,
    `Cannot read layer ${DIGEST}: `,
  );
});

Deno.test("LayerStack stops reading a layer when it is told to", async () => {
  const controller = new AbortController();
  const bytes = tarArchive([{ path: "a", data: "x".repeat(5000) }]);
  let written = 0;
  const store = memoryStore();
  const watched = {
    ...store,
    write: (chunk: Uint8Array) => {
      written += chunk.length;
      store.write(chunk);
      controller.abort(new EnrootError("enough"));
    },
  };
  await assertRejects(
    () =>
      newStack().read({ name: "layer", bytes: chunksOf(bytes) }, {
        store: watched,
        signal: controller.signal,
      }),
    EnrootError,
    "enough",
  );
  assertEquals(written, 1000 - 512);
});

Deno.test("LayerStack waits for the store before it goes on", async () => {
  const events: string[] = [];
  const store = memoryStore();
  const slow = {
    ...store,
    write: (chunk: Uint8Array) => {
      events.push("write");
      store.write(chunk);
    },
    drain: async () => {
      await Promise.resolve();
      events.push("drained");
    },
  };
  const bytes = tarArchive([{ path: "a", data: "x".repeat(1500) }]);
  await new LayerStack(slow, { mtime: 0 }).apply({
    name: `layer ${DIGEST}`,
    bytes: chunksOf(bytes),
  });
  assertEquals(events.slice(0, 4), ["write", "drained", "write", "drained"]);
});

Deno.test("LayerStack lets events in while it applies a large layer that it has read", async () => {
  const stack = newStack();
  const record = new LayerRecord<string>();
  const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: null };
  for (let index = 0; index < 200_000; index++) {
    record.add([`d${index % 1000}`, "e", "f", "g", `${index}`], { kind: "fifo", ...attributes });
  }
  let longest = 0;
  let last = performance.now();
  const note = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(note, 0);
  const start = performance.now();
  await stack.applyRead({ name: "a layer", record });
  const whole = performance.now() - start;
  note();
  clearInterval(timer);
  assert(longest < whole / 2, `${longest} ms of ${whole}`);
});
