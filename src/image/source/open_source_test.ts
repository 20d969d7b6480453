import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import "../../../tests/support/loaded_library.ts";
import { memoryStore } from "../../../tests/support/memory_store.ts";
import { type LayoutImage, writeLayout } from "../../../tests/support/oci_layout.ts";
import { requiring } from "../../../tests/support/requires.ts";
import { skopeo } from "../../../tests/support/skopeo.ts";
import { tarArchive, type TarMember } from "../../../tests/support/tar_archive.ts";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { digestOf } from "../../formats/oci/mod.ts";
import { walk } from "../../fstree/mod.ts";
import { assembleImage, hostPlatform, parseImageUri } from "../mod.ts";

const AMD64 = hostPlatform("amd64");
const GENERATED = ["etc", "etc/environment", "etc/fstab", "etc/rc", "etc/rc.local"];

async function inDirectory(action: (directory: string) => Promise<void>): Promise<void> {
  using temporary = makeTemporaryDirectory();
  const directory = temporary.path;
  await action(directory);
}

/** The paths in an image, but for the generated ones, with the variables of /etc/environment first. */
async function contentOf(uri: string, arch = "amd64"): Promise<string[]> {
  const temporary = await Deno.makeTempDir();
  try {
    await using source = await parseImageUri(uri).open({
      cachePath: temporary,
      tempPath: temporary,
      configPath: temporary,
      maxConnections: 1,
      connectTimeout: 1,
      transferTimeout: 1,
      transferRetries: 0,
      allowHttp: false,
      environment: {},
    });
    const store = memoryStore();
    const root = await assembleImage(source, {
      platform: hostPlatform(arch),
      processors: 1,
      store,
      mtime: 0,
    });
    const found: string[] = [];
    for (const { path, inode } of walk(root)) {
      if (path === "etc/environment" && inode.kind === "file") {
        found.unshift(inode.content.replace(/^#.*\n/gm, ""));
      }
      if (path !== "" && !GENERATED.includes(path)) found.push(path);
    }
    return found;
  } finally {
    // Whatever a source has put there must be gone with it.
    await Deno.remove(temporary);
  }
}

function layer(...members: TarMember[]): { tar: Uint8Array } {
  return { tar: tarArchive(members) };
}

const TWO_LAYERS: LayoutImage = {
  layers: [
    { ...layer({ path: "a" }, { path: "b" }), compression: "none" },
    { ...layer({ path: ".wh.a" }, { path: "c" }), compression: "zstd" },
  ],
  run: { Env: ["A=1"] },
};

function run(command: string, args: string[], cwd = "/"): void {
  const { success, stderr } = new Deno.Command(command, { args, cwd }).outputSync();
  assert(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

Deno.test("parseImageUri() knows what to call an image", () =>
  inDirectory((directory) => {
    Deno.mkdirSync(`${directory}/lay:out`);
    for (const name of ["image.tar", "image.tar.gz", "odd"]) {
      Deno.writeTextFileSync(`${directory}/${name}`, "");
    }
    const names: Record<string, string> = {
      "docker://nvidia/cuda:12": "nvidia+cuda+12",
      "docker://ubuntu": "ubuntu",
      "dockerd://ubuntu:24.04": "ubuntu+24.04",
      "podman://localhost/me/x": "localhost+me+x",
      [`oci:${directory}/lay:out`]: "lay+out",
      [`oci:${directory}/lay:out:me/x:1`]: "me+x+1",
      [`oci-archive:${directory}/image.tar`]: "image",
      [`docker-archive:${directory}/image.tar.gz`]: "image",
      [`docker-archive:${directory}/odd:x:2`]: "x+2",
    };
    for (const [uri, name] of Object.entries(names)) {
      assertEquals(parseImageUri(uri).defaultName, name, uri);
    }
    return Promise.resolve();
  }));

Deno.test("parseImageUri() refuses what is no image, in the words scripts know", () => {
  for (
    const uri of [
      "",
      "ubuntu",
      "ftp://x",
      "dockerd://",
      "dockerd:x",
      "podman://-v",
      "dockerd://a b",
    ]
  ) {
    assertThrows(() => parseImageUri(uri), EnrootError, `Invalid image reference: ${uri}`);
  }
  assertThrows(
    () => parseImageUri("oci:/no/such:thing"),
    EnrootError,
    "No such file or directory: /no/such:thing",
  );
});

Deno.test("an OCI layout is read from a directory and from archives", () =>
  inDirectory(async (directory) => {
    writeLayout(`${directory}/layout`, [TWO_LAYERS]);
    run("tar", ["-cf", `${directory}/plain.tar`, "-C", `${directory}/layout`, "."]);
    run("tar", ["-czf", `${directory}/small.tgz`, "-C", `${directory}/layout`, "."]);
    const expected = ["A=1\n", "b", "c"];
    assertEquals(await contentOf(`oci:${directory}/layout`), expected);
    assertEquals(await contentOf(`oci-archive:${directory}/plain.tar`), expected);
    assertEquals(await contentOf(`oci-archive:${directory}/small.tgz`), expected);
  }));

Deno.test("an OCI layout with several images needs a name, or a platform", () =>
  inDirectory(async (directory) => {
    writeLayout(`${directory}/named`, [
      { name: "one", layers: [layer({ path: "1" })] },
      { name: "example.org/two:latest", layers: [layer({ path: "2" })] },
    ]);
    assertEquals(await contentOf(`oci:${directory}/named:one`), ["", "1"]);
    for (const name of ["two", "two:latest", "example.org/two"]) {
      assertEquals(await contentOf(`oci:${directory}/named:${name}`), ["", "2"]);
    }
    await assertRejects(
      () => contentOf(`oci:${directory}/named`),
      EnrootError,
      "Cannot choose an image",
    );
    await assertRejects(
      () => contentOf(`oci:${directory}/named:three`),
      EnrootError,
      "Cannot find image three",
    );

    writeLayout(`${directory}/platforms`, [
      { architecture: "amd64", layers: [layer({ path: "x" })] },
      { architecture: "arm64", layers: [layer({ path: "y" })] },
    ]);
    assertEquals(await contentOf(`oci:${directory}/platforms`, "amd64"), ["", "x"]);
    assertEquals(await contentOf(`oci:${directory}/platforms`, "arm64/v8"), ["", "y"]);
    await assertRejects(() => contentOf(`oci:${directory}/platforms`, "ppc64le"), EnrootError);
  }));

Deno.test("an OCI layout whose blobs are damaged or missing is refused", () =>
  inDirectory(async (directory) => {
    const layout = `${directory}/layout`;
    writeLayout(layout, [TWO_LAYERS]);
    for (const { name } of [...Deno.readDirSync(`${layout}/blobs/sha256`)]) {
      const path = `${layout}/blobs/sha256/${name}`;
      const bytes = await Deno.readFile(path);
      const changed = bytes.slice();
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      await Deno.writeFile(path, changed);
      await assertRejects(() => contentOf(`oci:${layout}`), EnrootError);
      await Deno.remove(path);
      await assertRejects(() => contentOf(`oci:${layout}`), EnrootError, "no blobs/sha256/");
      await Deno.writeFile(path, bytes);
    }
    assertEquals(await contentOf(`oci:${layout}`), ["A=1\n", "b", "c"]);
    await Deno.remove(`${layout}/index.json`);
    await assertRejects(() => contentOf(`oci:${layout}`), EnrootError, "no index.json in it");
  }));

Deno.test("an archive that is none, or is cut short, is refused", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/x.tar`;
    await Deno.writeFile(path, new Uint8Array(2000).fill(1));
    await assertRejects(
      () => contentOf(`oci-archive:${path}`),
      EnrootError,
      `Cannot read ${path}: wrong checksum`,
    );
    await Deno.writeFile(path, tarArchive([{ path: "a", data: "x".repeat(5000) }]).slice(0, 2000));
    await assertRejects(() => contentOf(`docker-archive:${path}`), EnrootError, "truncated");
    await Deno.writeFile(path, new Uint8Array([0x1f, 0x8b, 8, 0]));
    await assertRejects(() => contentOf(`oci-archive:${path}`), EnrootError, "decompress");
  }));

Deno.test({
  ...requiring(
    { programs: ["skopeo", "gzip"] },
    "a Docker archive is read as skopeo writes it",
  ),
  fn: () =>
    inDirectory(async (directory) => {
      writeLayout(`${directory}/layout`, [{
        layers: [
          layer({ path: "a" }, { path: "b", data: "x".repeat(3000) }),
          layer({ path: ".wh.a" }, { path: "c" }),
          // Stored once: skopeo links to it.
          layer({ path: "a" }, { path: "b", data: "x".repeat(3000) }),
        ],
        run: { Env: ["A=1"] },
      }]);
      const archive = `${directory}/x.tar`;
      await skopeo([
        "copy",
        "--override-arch=amd64",
        `oci:${directory}/layout`,
        `docker-archive:${archive}:example.org/x:1`,
      ]);
      const expected = ["A=1\n", "a", "b", "c"];
      assertEquals(await contentOf(`docker-archive:${archive}`), expected);
      assertEquals(await contentOf(`docker-archive:${archive}:x:1`), expected);
      await assertRejects(
        () => contentOf(`docker-archive:${archive}:y`),
        EnrootError,
        "Cannot find image y",
      );
      run("gzip", [archive]);
      assertEquals(await contentOf(`docker-archive:${archive}.gz`), expected);
    }),
});

/** The members of an archive as `docker save` writes it, with these changes. */
function savedArchive(changes: Record<string, TarMember | null> = {}): Uint8Array {
  const tar = tarArchive([{ path: "f" }]);
  const members: Record<string, TarMember | null> = {
    layer: { path: "1/layer.tar", data: tar },
    link: { path: "2/layer.tar", type: "2", link: "../1/layer.tar" },
    config: {
      path: "c.json",
      data: JSON.stringify({ rootfs: { diff_ids: [digestOf(tar), digestOf(tar)] } }),
    },
    manifest: {
      path: "manifest.json",
      data: JSON.stringify([{
        Config: "c.json",
        RepoTags: null,
        Layers: ["1/layer.tar", "2/layer.tar"],
      }]),
    },
    ...changes,
  };
  return tarArchive(Object.values(members).filter((member) => member !== null));
}

Deno.test("a Docker archive may have links for layers, and no names", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/x.tar`;
    await Deno.writeFile(path, savedArchive());
    assertEquals(await contentOf(`docker-archive:${path}`), ["", "f"]);
  }));

Deno.test("a Docker archive that is not whole is refused", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/x.tar`;
    const bad: [Record<string, TarMember | null>, string][] = [
      [{ manifest: null }, "no manifest.json in it"],
      [{ config: null }, "no c.json in it"],
      [{ layer: null }, "layer 1/layer.tar is not whole"],
      [{ link: { path: "2/layer.tar", type: "2", link: "layer.tar" } }, "2/layer.tar is not whole"],
      [{ layer: { path: "1/layer.tar", data: tarArchive([{ path: "g" }]) } }, "its content is not"],
      [{ config: { path: "c.json", data: "{}" } }, "layer 1/layer.tar is not whole"],
      [{ manifest: { path: "manifest.json", data: "{}" } }, "manifest.json: not a list"],
      [{ manifest: { path: "manifest.json", data: "[]" } }, "Cannot find image"],
    ];
    for (const [changes, message] of bad) {
      await Deno.writeFile(path, savedArchive(changes));
      await assertRejects(() => contentOf(`docker-archive:${path}`), EnrootError, message);
    }
  }));

/** A container engine that has one image, and writes down what it is asked for. */
const ENGINE = `#!/bin/sh
echo "$*" >> "$0.log"
case "$1 $2" in
"image inspect")
  [ "$3" = me/x:1 ] || { echo "Error: No such image: $3" >&2; exit 1; }
  echo '[{"Id":"ID","Os":"linux","Architecture":"arm64","Config":{"Env":["A=1"]}}]' ;;
"create ID") echo "pulling" >&2; echo "container-id" ;;
"export container-id") cat "$0.tar"; [ ! -e "$0.fails" ] || { echo "it broke" >&2; exit 1; } ;;
"rm --force") ;;
*) exit 9 ;;
esac
`;

Deno.test("an image of a container engine is exported from a container that is removed", () =>
  inDirectory(async (directory) => {
    const path = Deno.env.get("PATH") ?? "";
    try {
      Deno.env.set("PATH", `${directory}:${path}`);
      const id = digestOf(new Uint8Array());
      for (const engine of ["docker", "podman"]) {
        const command = `${directory}/${engine}`;
        const shown = engine === "podman" ? id.replace("sha256:", "") : id;
        const script = ENGINE.replace('"Id":"ID"', `"Id":"${shown}"`).replaceAll("ID", id);
        await Deno.writeTextFile(command, script, { mode: 0o755 });
        const members = [{ path: ".dockerenv" }, { path: "f", data: "x" }];
        await Deno.writeFile(`${command}.tar`, tarArchive(members));
        const uri = `${engine === "docker" ? "dockerd" : "podman"}://me/x:1`;
        assertEquals(await contentOf(uri), ["A=1\n", "f"]);
        const log = await Deno.readTextFile(`${command}.log`);
        assertEquals(
          log,
          `image inspect me/x:1\ncreate ${id} /bin/sh\nexport container-id\nrm --force container-id\n`,
        );
        await Deno.writeTextFile(`${command}.fails`, "");
        await assertRejects(
          () => contentOf(uri),
          EnrootError,
          `Cannot export ${engine} image me/x:1: it broke`,
        );
        assertEquals(
          (await Deno.readTextFile(`${command}.log`)).endsWith("rm --force container-id\n"),
          true,
        );
      }
      await assertRejects(
        () => contentOf("dockerd://you/y"),
        EnrootError,
        "Error: No such image: you/y",
      );
      Deno.env.set("PATH", directory);
      await Deno.remove(`${directory}/docker`);
      await assertRejects(() => contentOf("dockerd://x"), EnrootError, "Command not found: docker");
    } finally {
      Deno.env.set("PATH", path);
    }
  }));

Deno.test("assembleImage() refuses an image whose configuration counts other layers", () =>
  inDirectory(async (directory) => {
    writeLayout(`${directory}/layout`, [{
      layers: [layer({ path: "a" })],
      config: { rootfs: { diff_ids: [digestOf(new Uint8Array()), digestOf(new Uint8Array())] } },
    }]);
    await assertRejects(() => contentOf(`oci:${directory}/layout`), EnrootError, "1 layers, but 2");
  }));

Deno.test("hostPlatform() is this machine's unless another is asked for", () => {
  assertEquals(hostPlatform("aarch64").architecture, "arm64");
  assertEquals(hostPlatform().os, "linux");
  assertEquals(AMD64.architecture, "amd64");
});
