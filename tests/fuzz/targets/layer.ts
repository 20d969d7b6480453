import { assert, assertEquals } from "@std/assert";
import type { ByteString } from "../../../src/bytes/mod.ts";
import {
  createSquashfsWriter,
  openSquashfs,
  parseSquashfsOptions,
} from "../../../src/formats/squashfs/mod.ts";
import { memoryImage } from "../../../src/formats/squashfs/testing/memory_image.ts";
import { type Directory, type Inode, walk } from "../../../src/fstree/mod.ts";
import { addConfigFiles } from "../../../src/image/layers/config_files.ts";
import { LayerStack } from "../../../src/image/layers/layers.ts";
import { tarArchive } from "../../support/tar_archive.ts";
import { repairTar, TAR_WORDS, tarSeeds } from "../tar_seeds.ts";
import { type FuzzTarget, isEnrootRefusal } from "../target.ts";

const RUN = {
  env: ["A=b"],
  entrypoint: [],
  cmd: ["sh"],
  workingDir: "/a/link/work",
  labels: [],
  volumes: ["/a/link/volume"],
} satisfies Parameters<typeof addConfigFiles>[1]["run"];

/**
 * Layers to image, as an import does it. Nothing may leave the tree, and a tree that was accepted
 * must come out of the image again.
 */
export const layerTarget: FuzzTarget = {
  name: "layer",
  weight: 20,
  open: (directory) => ({
    seeds: tarSeeds(directory).map((bytes) => ({ bytes })),
    dictionary: TAR_WORDS,
    repair: repairTar,
    run: importLayer,
    isRefusal: isEnrootRefusal,
  }),
};

/** What the layer under test comes to lie on. */
const LOWER = tarArchive([
  { path: "lower/gone", data: "1" },
  { path: "lower/kept/old", data: "2" },
  { path: "lower/sub/deep/er", data: "3" },
  { path: "link", type: "2", link: "/lower" },
  { path: "a/link", type: "2", link: "../../../../../lower" },
  { path: "etc", type: "2", link: "lower/sub" },
]);

async function importLayer(archive: Uint8Array): Promise<void> {
  const image = memoryImage();
  const options = parseSquashfsOptions(["-no-compression", "-b", "4096"]);
  using store = createSquashfsWriter(image.output, options);
  const stack = new LayerStack(store, { mtime: 1 });
  for (const bytes of [LOWER, archive]) {
    await stack.apply({ name: "layer", bytes: pieces(bytes) });
  }
  addConfigFiles(stack.root, { run: RUN, provenance: "fuzz", store, mtime: 1 });
  checkTree(stack.root);
  await store.finish(stack.root);
  const reader = openSquashfs(image.source);
  let count = 0;
  const pending = [{ node: stack.root as Inode<unknown>, inode: reader.root() as ImageInode }];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const { node, inode } = pair;
    count++;
    assertEquals(inode.kind, node.kind);
    assertEquals(inode.mode, node.mode);
    assertEquals(
      [...reader.xattrs(inode)?.keys() ?? []].sort(),
      [...node.xattrs?.keys() ?? []].sort(),
    );
    if (node.kind === "symlink" && inode.kind === "symlink") {
      assertEquals(inode.target, node.target);
    } else if (node.kind === "file" && inode.kind === "file") {
      assertEquals(inode.size, node.size);
      const length = Math.min(inode.size, 65536);
      assertEquals(reader.readData(inode, 0, length, new Uint8Array(length)), length);
    } else if (node.kind === "directory" && inode.kind === "directory") {
      const entries = reader.readDirectory(inode);
      assertEquals(entries.length, node.children.size);
      for (const { name, reference } of entries) {
        const child = node.children.get(name);
        assert(child !== undefined, "another name in the image");
        pending.push({ node: child, inode: reader.readInode(reference) });
      }
    }
  }
  assert(count > 1);
}

type ImageInode = ReturnType<ReturnType<typeof openSquashfs>["readInode"]>;

/** Checks that a tree is one, and that every name in it is one. */
function checkTree<Content>(root: Directory<Content>): void {
  const directories = new Set<unknown>();
  for (const { path, inode } of walk(root)) {
    if (inode.kind !== "directory") continue;
    assert(!directories.has(inode), "a directory with two names");
    directories.add(inode);
    assert(path.length < 1_000_000, "a path without end");
    for (const name of inode.children.keys()) checkName(name);
  }
}

function checkName(name: ByteString): void {
  assert(name.length > 0 && name.length <= 255, "name of impossible length");
  assert(name !== "." && name !== ".." && !/[/\0]/.test(name), `impossible name ${name}`);
  assert(!/[^\0-\xff]/.test(name), "name that is no byte string");
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 4000) yield bytes.subarray(at, at + 4000);
}
