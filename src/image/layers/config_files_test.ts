import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { memoryStore } from "../../../tests/support/memory_store.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import type { RunConfig } from "../../formats/oci/mod.ts";
import { type Directory, emptyDirectory, type Inode, lookup, TreeLayer } from "../../fstree/mod.ts";
import { addConfigFiles } from "./config_files.ts";

const PLAIN = { mode: 0o644, uid: 0, gid: 0, mtime: 1, xattrs: null };

/** A tree with these links, directories (null) and files in it. */
function treeOf(links: Record<string, string | null | { content: string }>): Directory<string> {
  const root = emptyDirectory<string>({ mtime: 0 });
  const layer = new TreeLayer(root);
  for (const [path, what] of Object.entries(links)) {
    const inode: Inode<string> = what === null
      ? { kind: "directory", ...PLAIN, mode: 0o755, children: new Map() }
      : typeof what === "string"
      ? { kind: "symlink", ...PLAIN, target: what }
      : { kind: "file", ...PLAIN, size: what.content.length, content: what.content };
    layer.add(path.split("/"), inode);
  }
  return root;
}

function configure(root: Directory<string>, run: Partial<RunConfig> = {}): Directory<string> {
  addConfigFiles(root, {
    run: { env: [], entrypoint: [], cmd: [], workingDir: "", labels: [], volumes: [], ...run },
    provenance: "docker://r#i:t",
    store: memoryStore(),
    mtime: 42,
  });
  return root;
}

function textOf(root: Directory<string>, path: string): string | undefined {
  const inode = lookup(root, path.split("/"));
  return inode?.kind === "file" ? inode.content : undefined;
}

Deno.test("addConfigFiles() writes the four files", () => {
  const root = configure(treeOf({}), {
    env: ["A=b", "EMPTY=", "Ü=ü", "NO_VALUE", "=x", "TWO=1\n2", "A=${HOME}"],
    volumes: ["/data", "/with space", "relative"],
  });
  assertStringIncludes(
    textOf(root, "etc/rc") ?? "",
    "# enroot-provenance: docker://r#i:t\n\nmkdir",
  );
  assertEquals(
    textOf(root, "etc/environment"),
    "# enroot-environment: verbatim\nA=b\nEMPTY=\n\xc3\x9c=\xc3\xbc\nTWO=1\n#|2\nA=${HOME}\n" +
      "# enroot-environment: end\n",
  );
  assertEquals(
    textOf(root, "etc/fstab"),
    "${ENROOT_ROOTFS}/data /data none x-create=dir,bind,rw,nosuid,nodev\n" +
      "${ENROOT_ROOTFS}/with\\040space /with\\040space none x-create=dir,bind,rw,nosuid,nodev\n" +
      "${ENROOT_ROOTFS}/relative /relative none x-create=dir,bind,rw,nosuid,nodev\n",
  );
  const rcLocal = textOf(root, "etc/rc.local")?.split("\n") ?? [];
  assertEquals(rcLocal.map((line) => line.slice(0, 1)), ["#", "#", ""]);
  for (const name of ["rc", "environment", "fstab", "rc.local"]) {
    const { mode, uid, gid, mtime } = lookup(root, ["etc", name]) ?? {};
    assertEquals([mode, uid, gid, mtime], [0o644, 0, 0, 42], name);
  }
});

Deno.test("addConfigFiles() replaces what the image has by these names, links too", () => {
  const root = configure(treeOf({
    "etc/rc.d/rc": { content: "init" },
    "etc/rc": "rc.d/rc",
    "etc/fstab": "/nowhere",
    "etc/environment": { content: "OLD=1" },
  }));
  assertEquals(textOf(root, "etc/rc.d/rc"), "init");
  assertEquals(textOf(root, "etc/fstab"), "");
  assertEquals(textOf(root, "etc/environment"), "");
});

Deno.test("addConfigFiles() follows a link at /etc inside the root", () => {
  assertEquals(textOf(configure(treeOf({ etc: "../../../conf" })), "conf/fstab"), "");
  assertEquals(
    textOf(configure(treeOf({ "usr/etc": null, etc: "/usr/etc" })), "usr/etc/fstab"),
    "",
  );
});

Deno.test("addConfigFiles() refuses an image where /etc cannot be a directory", () => {
  assertThrows(
    () => configure(treeOf({ etc: { content: "" } })),
    EnrootError,
    "Cannot write /etc/rc: etc is not a directory",
  );
  assertThrows(() => configure(treeOf({ etc: "etc" })), EnrootError, "symbolic links");
});

Deno.test("addConfigFiles() makes the working directory where it is missing", () => {
  const root = treeOf({ "srv/www": null, app: "srv" });
  configure(root, { workingDir: "/app/new/dir" });
  const made = lookup(root, ["srv", "new", "dir"]);
  assertEquals([made?.kind, made?.mode, made?.mtime], ["directory", 0o755, 42]);
  configure(root, { workingDir: "/srv/www" });
  assertEquals(lookup(root, ["srv", "www"])?.mtime, 1);
});

Deno.test("addConfigFiles() goes on without a working directory that cannot be made", () => {
  const root = treeOf({ file: { content: "" } });
  for (const workingDir of ["/file", "/file/x", "/a/../../x"]) configure(root, { workingDir });
  assertEquals(lookup(root, ["file"])?.kind, "file");
});

Deno.test("addConfigFiles() writes volumes whose source cannot be outside the root", () => {
  const root = treeOf({ "srv/data": null, data: "/srv/data", away: "/../../home", up: "../.." });
  configure(root, { volumes: ["/data", "/away/x", "/up", "/../etc", "/", "/${HOME}"] });
  assertEquals(
    textOf(root, "etc/fstab"),
    "${ENROOT_ROOTFS}/srv/data /data none x-create=dir,bind,rw,nosuid,nodev\n" +
      "${ENROOT_ROOTFS}/home/x /away/x none x-create=dir,bind,rw,nosuid,nodev\n" +
      "${ENROOT_ROOTFS}/\\044{HOME} /\\044{HOME} none x-create=dir,bind,rw,nosuid,nodev\n",
  );
  assertEquals(lookup(root, ["home"]), undefined);
});
