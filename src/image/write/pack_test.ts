import { assert, assertEquals, assertRejects } from "@std/assert";
import "../../../tests/support/loaded_library.ts";
import { tarArchive, type TarMember } from "../../../tests/support/tar_archive.ts";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  type Digest,
  digestOf,
  type ImageConfig,
  PLAIN_LAYER_TYPE,
} from "../../formats/oci/mod.ts";
import { openSquashfs } from "../../formats/squashfs/mod.ts";
import { hostPlatform, type ImageSource, packImage, parseSourceDateEpoch } from "../mod.ts";

const AMD64 = hostPlatform("amd64");
const CONFIG: ImageConfig = {
  platform: AMD64,
  diffIds: [],
  run: { env: [], entrypoint: [], cmd: [], workingDir: "", labels: [], volumes: [] },
};

/** A source with these layers; `events` is told what happens to it. */
function sourceOf(
  layers: TarMember[][],
  { config = {}, events = [] }: { config?: Partial<ImageConfig>; events?: string[] } = {},
): ImageSource {
  const archives = new Map<Digest, Uint8Array>();
  const descriptors = layers.map((members) => {
    const bytes = tarArchive(members);
    const digest = digestOf(bytes);
    archives.set(digest, bytes);
    return { mediaType: PLAIN_LAYER_TYPE, digest, size: bytes.length, urls: [] };
  });
  return {
    provenance: "test:image",
    resolve() {
      events.push("resolve");
      return Promise.resolve({
        manifestDigest: null,
        config: { ...CONFIG, ...config },
        layers: descriptors,
      });
    },
    openLayer({ digest }) {
      events.push("open");
      return Promise.resolve(chunksOf(archives.get(digest) ?? new Uint8Array()));
    },
    [Symbol.asyncDispose]() {
      events.push("dispose");
      return Promise.resolve();
    },
  };
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function inDirectory(action: (directory: string) => Promise<void>): Promise<void> {
  using temporary = makeTemporaryDirectory();
  const directory = temporary.path;
  await action(directory);
}

function pack(
  output: string,
  source: ImageSource,
  options: { force?: boolean; sourceDateEpoch?: number; squashOptions?: string[] } = {},
): Promise<void> {
  return packImage(() => Promise.resolve(source), {
    platform: AMD64,
    output,
    force: false,
    squashOptions: [],
    processors: 2,
    sourceDateEpoch: null,
    ...options,
  });
}

function filesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test("packImage() writes a squashfs image with what the layers make", () =>
  inDirectory(async (directory) => {
    const output = `${directory}/out.sqsh`;
    const events: string[] = [];
    await pack(
      output,
      sourceOf([[{ path: "a/b", data: "old" }, { path: "gone" }], [
        { path: "a/b", data: "new", mode: 0o4755 },
        { path: ".wh.gone" },
      ]], { events }),
    );
    assertEquals(events, ["resolve", "open", "open", "dispose"]);
    assertEquals(filesIn(directory), ["out.sqsh"]);
    assertEquals((Deno.statSync(output).mode ?? 0) & 0o777, 0o666 & ~Deno.umask());

    const bytes = Deno.readFileSync(output);
    const image = openSquashfs({
      size: bytes.length,
      read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
    });
    const names = image.readDirectory(image.root()).map(({ name }) => name);
    assertEquals(names, ["a", "etc"]);
    const parent = image.readInode(image.lookup(image.root(), "a")?.reference ?? -1);
    assert(parent.kind === "directory");
    const file = image.readInode(image.lookup(parent, "b")?.reference ?? -1);
    assert(file.kind === "file");
    assertEquals([file.size, file.mode], [3, 0o4755]);
    const data = new Uint8Array(3);
    image.readData(file, 0, 3, data);
    assertEquals(new TextDecoder().decode(data), "new");
  }));

Deno.test("packImage() refuses to replace a file, before it does anything", () =>
  inDirectory(async (directory) => {
    const output = `${directory}/out.sqsh`;
    Deno.writeTextFileSync(output, "precious");
    const events: string[] = [];
    const source = sourceOf([[{ path: "a" }]], { events });
    await assertRejects(() => pack(output, source), EnrootError, `File already exists: ${output}`);
    assertEquals(events, []);
    assertEquals(Deno.readTextFileSync(output), "precious");

    await pack(output, source, { force: true });
    assert(Deno.statSync(output).size > 100);
  }));

Deno.test("packImage() leaves nothing when it fails", () =>
  inDirectory(async (directory) => {
    const output = `${directory}/out.sqsh`;
    const events: string[] = [];
    const bad: [ImageSource, string][] = [
      [sourceOf([[{ path: "../a" }]], { events }), '".." in path'],
      [sourceOf([[]], { config: { diffIds: [digestOf(new Uint8Array())] } }), "its content is not"],
      [sourceOf([], { config: { diffIds: [digestOf(new Uint8Array())] } }), "0 layers, but 1"],
      [
        { ...sourceOf([[]]), openLayer: () => Promise.reject(new EnrootError("no such layer")) },
        "no such layer",
      ],
      [
        { ...sourceOf([[]]), resolve: () => Promise.reject(new EnrootError("no such image")) },
        "no such image",
      ],
    ];
    for (const [source, message] of bad) {
      await assertRejects(() => pack(output, source), EnrootError, message);
      assertEquals(filesIn(directory), []);
    }
    assertEquals(events.at(-1), "dispose");
    await assertRejects(
      () => pack(output, sourceOf([]), { squashOptions: ["-nonsense"] }),
      EnrootError,
      "-nonsense",
    );
    assertEquals(filesIn(directory), []);
  }));

Deno.test("packImage() says where it cannot write", () =>
  inDirectory(async (directory) => {
    const output = `${directory}/missing/out.sqsh`;
    await assertRejects(
      () => pack(output, sourceOf([])),
      EnrootError,
      `Cannot write ${output}: No such file or directory`,
    );
  }));

Deno.test("packImage() writes the same bytes twice when the time is given", () =>
  inDirectory(async (directory) => {
    const images = ["1", "2"].map((name) => `${directory}/${name}`);
    for (const output of images) {
      await pack(
        output,
        sourceOf([[
          { path: "b", data: "x".repeat(200_000), mtime: 5 },
          { path: "a/", mtime: 4_000_000_000 },
        ]]),
        { sourceDateEpoch: 1_000_000_000 },
      );
      await new Promise((done) => setTimeout(done, 1100));
    }
    const [first, second] = images.map((output) => digestOf(Deno.readFileSync(output)));
    assertEquals(first, second);
  }));

Deno.test("parseSourceDateEpoch() takes seconds that an image can hold", () => {
  assertEquals(parseSourceDateEpoch(undefined), null);
  assertEquals(parseSourceDateEpoch(""), null);
  assertEquals(parseSourceDateEpoch("0"), 0);
  assertEquals(parseSourceDateEpoch("4294967295"), 4294967295);
  for (const text of ["4294967296", "-1", "1.5", "now", " 1"]) {
    try {
      parseSourceDateEpoch(text);
      assert(false, text);
    } catch (error) {
      assert(error instanceof EnrootError, String(error));
    }
  }
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`packImage() leaves nothing when ${signal} ends it`, () =>
    inDirectory(async (directory) => {
      const program = `
        import { hostPlatform, packImage } from ${JSON.stringify(import.meta.resolve("../mod.ts"))};
        await packImage(() => new Promise(() => {
          setInterval(() => {}, 1000);
          console.log("ready");
        }), {
          platform: hostPlatform("amd64"), output: "out.sqsh",
          force: false, squashOptions: [], processors: 1, sourceDateEpoch: null,
        });`;
      await using child = new Deno.Command(Deno.execPath(), {
        args: ["eval", "--quiet", "--import-map", importMap(), program],
        cwd: directory,
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      assertEquals(filesIn(directory).length, 1);
      child.kill(signal);
      const status = await child.status;
      await reader.cancel();
      assertEquals(status.signal, signal);
      assertEquals(filesIn(directory), []);
    }));
}

function importMap(): string {
  return new URL("../../../scripts/offline/import_map.json", import.meta.url).pathname;
}
