import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { DigestBuilder } from "../../formats/oci/mod.ts";
import "../../../tests/support/loaded_library.ts";
import { capturedStderr } from "../../../tests/support/captured_stderr.ts";
import { makeCertificates } from "../../../tests/support/certificates.ts";
import {
  DOCKER_REGISTRY_NEEDS,
  startDockerRegistry,
} from "../../../tests/support/docker_registry.ts";
import { cutAfter, first, flippedAt, stallAfter } from "../../../tests/support/faults.ts";
import { writeLayout } from "../../../tests/support/oci_layout.ts";
import { type RegistryServer, serveRegistry, sha256 } from "../../../tests/support/registry.ts";
import { requiring } from "../../../tests/support/requires.ts";
import { parseReference } from "./reference.ts";
import { RegistrySource, type RegistrySourceOptions } from "./registry_source.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

const AMD64 = { os: "linux", architecture: "amd64", variant: "" };
const ARM64 = { os: "linux", architecture: "arm64", variant: "" };

function layer(size: number, seed: number) {
  return { bytes: Uint8Array.from({ length: size }, (_, index) => index * seed) };
}

const IMAGE = {
  layers: [layer(100_000, 3), layer(300_000, 5), layer(1000, 7)],
  config: { Env: ["A=b"], Cmd: ["true"] },
};

async function withOptions(
  test: (options: RegistrySourceOptions) => Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    await test({
      cachePath: `${directory}/cache`,
      tempPath: directory,
      maxConnections: 10,
      connectTimeout: 5,
      transferTimeout: Infinity,
      transferRetries: 2,
      allowHttp: true,
      configPath: directory,
      environment: {},
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function open(
  server: { address: string },
  name: string,
  options: RegistrySourceOptions,
): RegistrySource {
  return new RegistrySource(parseReference(`docker://${server.address}/${name}`), options);
}

async function digests(source: ImageSource, { layers }: ResolvedImage): Promise<string[]> {
  const opened = await Promise.all(layers.map((layer) => source.openLayer(layer)));
  return await Promise.all(opened.map(async (bytes) => {
    const builder = new DigestBuilder();
    for await (const chunk of bytes) builder.update(chunk);
    return builder.finish();
  }));
}

async function pull(
  server: { address: string },
  name: string,
  options: RegistrySourceOptions,
): Promise<string[]> {
  await using source = open(server, name, options);
  return await digests(source, await source.resolve(AMD64));
}

function blobRequests({ requests }: RegistryServer): string[] {
  return requests.filter(({ path }) => path.includes("/blobs/")).map(({ path }) => path);
}

const DIGESTS = IMAGE.layers.map(({ bytes }) => sha256(bytes));

Deno.test("RegistrySource gives the documents and layers of an image, and says what it does", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({ "a/b:1": IMAGE });
    await using source = open(server, "a/b:1", options);
    assertEquals(source.provenance, `docker://${server.address}#a/b:1`);
    const lines = await capturedStderr(async () => {
      const image = await source.resolve(AMD64);
      assertEquals(image.config.run.env, ["A=b"]);
      assertEquals(image.layers.map(({ digest }) => digest as string), DIGESTS);
      assertEquals(await digests(source, image), DIGESTS);
    });
    assertEquals(lines, [
      "[INFO] Querying registry for permission grant",
      "[INFO] Permission granted",
      "[INFO] Fetching image manifest list",
      "[INFO] Fetching image manifest",
      "[INFO] Downloading 3 missing layers...",
    ]);
  }));

Deno.test("RegistrySource fetches nothing twice, and by digest nothing at all", () =>
  withOptions(async (options) => {
    const server = serveRegistry({ "a:1": IMAGE });
    await pull(server, "a:1", options);
    server.requests.length = 0;
    const lines = await capturedStderr(() => pull(server, "a:1", options));
    assertEquals(lines.at(-1), "[INFO] Found all layers in cache");
    assertEquals(server.requests.map(({ path }) => path), ["/v2/a/manifests/1"]);
    const digest = server.push("a", "1", IMAGE);
    await server[Symbol.asyncDispose]();
    assertEquals(await pull(server, `a@${digest}`, options), DIGESTS);
  }));

Deno.test("RegistrySource chooses the image of the platform", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({});
    for (const format of ["docker", "oci"] as const) {
      const images = [
        { ...IMAGE, format, architecture: "amd64" },
        { ...IMAGE, format, architecture: "arm64", layers: [layer(10, 1)] },
      ];
      const index = server.pushIndex("a", format, images);
      await using source = open(server, `a:${format}`, options);
      assertEquals((await source.resolve(AMD64)).layers.length, 3);
      assertEquals((await source.resolve(ARM64)).layers.length, 1);
      const digest = await source.digest(ARM64);
      assert(digest !== index && digest !== await source.digest(AMD64));
      await using pinned = open(server, `a@${index}`, options);
      assertEquals(await pinned.digest(ARM64), digest);
      const other = { ...AMD64, architecture: "ppc64le" };
      await assertRejects(
        () => source.resolve(other),
        EnrootError,
        "only linux/amd64, linux/arm64",
      );
    }
  }));

Deno.test("RegistrySource goes on after cuts, without refetching what is complete", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({ "a:1": IMAGE });
    server.fault = first(4, new RegExp(`blobs/${DIGESTS[1]}`), cutAfter(60_000));
    assertEquals(await pull(server, "a:1", options), DIGESTS);
    const ranges = server.requests.filter(({ path }) => path.includes(DIGESTS[1] ?? ""))
      .map(({ headers }) => headers.get("range"));
    assertEquals(
      ranges,
      [null, 60_000, 120_000, 180_000, 240_000]
        .map((start) => start && `bytes=${start}-`),
    );
    assertEquals(blobRequests(server).length, 8);
  }));

Deno.test("RegistrySource goes on where an earlier run stopped", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({ "a:1": IMAGE });
    server.fault = (request, answer) =>
      request.url.includes(DIGESTS[1] ?? "") ? cutAfter(60_000)(request, answer) : undefined;
    await assertRejects(() => pull(server, "a:1", { ...options, transferRetries: 0 }), EnrootError);
    server.fault = undefined;
    server.requests.length = 0;
    assertEquals(await pull(server, "a:1", options), DIGESTS);
    assertEquals(blobRequests(server), [`/v2/a/blobs/${DIGESTS[1]}`]);
    assertEquals(server.requests.at(-1)?.headers.get("range"), "bytes=60000-");
  }));

Deno.test("RegistrySource catches a flipped bit and fetches the layer again", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({ "a:1": IMAGE });
    server.fault = first(1, new RegExp(`blobs/${DIGESTS[1]}`), flippedAt(200_000));
    assertEquals(await pull(server, "a:1", options), DIGESTS);
    server.fault = first(Infinity, /blobs/, flippedAt(0));
    Deno.removeSync(options.cachePath, { recursive: true });
    await assertRejects(() => pull(server, "a:1", options), EnrootError);
    const names = [...Deno.readDirSync(options.cachePath)].map(({ name }) => name);
    assertEquals(names.filter((name) => DIGESTS.includes(name)), []);
  }));

Deno.test("RegistrySource fetches a cached blob again that has become corrupt", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({ "a:1": IMAGE });
    await pull(server, "a:1", options);
    for (const { name } of Deno.readDirSync(options.cachePath)) {
      using file = Deno.openSync(`${options.cachePath}/${name}`, { write: true });
      file.writeSync(new Uint8Array([255]));
    }
    assertEquals(await pull(server, "a:1", options), DIGESTS);
  }));

Deno.test("RegistrySource downloads each blob once, however many want it at a time", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({ "a:1": IMAGE });
    const pulls = Array.from({ length: 10 }, () => pull(server, "a:1", options));
    for (const result of await Promise.all(pulls)) assertEquals(result, DIGESTS);
    const requests = blobRequests(server);
    assertEquals(requests.length, new Set(requests).size);
    assertEquals(requests.length, 4);
  }));

Deno.test("RegistrySource keeps to its number of connections", () =>
  withOptions(async (options) => {
    const layers = Array.from({ length: 12 }, (_, index) => layer(1000, 2 * index + 1));
    await using server = serveRegistry({ "a:1": { layers } });
    let [now, most] = [0, 0];
    server.fault = (request, answer) => {
      if (!request.url.includes("/blobs/")) return undefined;
      most = Math.max(most, ++now);
      return new Promise((resolve) =>
        setTimeout(() => {
          now--;
          resolve(answer());
        }, 20)
      );
    };
    await pull(server, "a:1", { ...options, maxConnections: 3 });
    assertEquals(most, 3);
    most = 0;
    await pull(server, "a:1", {
      ...options,
      cachePath: `${options.cachePath}2`,
      maxConnections: Infinity,
    });
    assertEquals(most, 12);
  }));

Deno.test("RegistrySource gives up everything when it is disposed of", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({ "a:1": IMAGE });
    const source = open(server, "a:1", options);
    const image = await source.resolve(AMD64);
    server.fault = stallAfter(100);
    const opened = image.layers.map((layer) => source.openLayer(layer));
    const started = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await source[Symbol.asyncDispose]();
    assert(performance.now() - started < 2000);
    for (const layer of opened) await assertRejects(() => layer, EnrootError, "interrupted");
  }));

Deno.test("RegistrySource refuses documents that claim to be too large", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({});
    const digest = sha256(new Uint8Array());
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 2 ** 40 };
    const bytes = new TextEncoder().encode(
      JSON.stringify({ schemaVersion: 2, config, layers: [] }),
    );
    server.pushManifest("a", "1", { bytes, mediaType });
    await assertRejects(() => pull(server, "a:1", options), EnrootError, "larger than");
  }));

Deno.test("RegistrySource refuses indexes that go round in circles", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({});
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const platform = { os: "linux", architecture: "amd64" };
    let entry = { mediaType, digest: sha256(new Uint8Array()), size: 0 };
    for (let depth = 0; depth < 10; depth++) {
      const document = { schemaVersion: 2, mediaType, manifests: [{ ...entry, platform }] };
      const bytes = new TextEncoder().encode(JSON.stringify(document));
      const digest = server.pushManifest("a", "1", { bytes, mediaType });
      entry = { mediaType, digest, size: bytes.length };
    }
    await assertRejects(() => pull(server, "a:1", options), EnrootError, "nested too deeply");
  }));

Deno.test("RegistrySource says clearly that schema 1 is not supported", () =>
  withOptions(async (options) => {
    await using server = serveRegistry({});
    const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 1, fsLayers: [] }));
    const mediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    server.pushManifest("a", "1", { bytes, mediaType });
    server.fault = (request, answer) => {
      if (request.headers.get("accept")?.includes("*")) return undefined;
      const headers = { "content-type": mediaType };
      return request.url.includes("manifests") ? new Response(bytes, { headers }) : answer();
    };
    await assertRejects(() => pull(server, "a:1", options), EnrootError, "schema 1");
  }));

for (const format of ["oci", "v2s2"] as const) {
  Deno.test({
    ...requiring(DOCKER_REGISTRY_NEEDS, `RegistrySource pulls ${format} from docker-registry`),
    fn: () =>
      withOptions(async (options) => {
        const layout = `${options.tempPath}/layout`;
        const layers = IMAGE.layers.map(({ bytes }) => ({ tar: bytes }));
        writeLayout(layout, [{ layers, run: IMAGE.config, name: "latest" }]);
        await using server = await startDockerRegistry();
        await server.push(`oci:${layout}:latest`, "some/where:tag", { format });
        await using source = open(server, "some/where:tag", options);
        const image = await source.resolve(AMD64);
        assertEquals(image.config.run.cmd, ["true"]);
        assertEquals(
          await digests(source, image),
          image.layers.map(({ digest }) => digest),
        );
        const error = await assertRejects(
          () => pull(server, "some/where:no", options),
          EnrootError,
        );
        assertStringIncludes(error.message, "returned error code: 404 Not Found: manifest unknown");
      }),
  });
}

const certificates = makeCertificates();
globalThis.addEventListener("unload", () => certificates?.[Symbol.dispose]());
Deno.test({
  ...requiring(
    { programs: [...DOCKER_REGISTRY_NEEDS.programs, "openssl"] },
    "RegistrySource pulls from docker-registry with a password and a certificate of its own",
  ),
  fn: () =>
    withOptions(async (options) => {
      if (certificates === undefined) return;
      const layout = `${options.tempPath}/layout`;
      const layers = IMAGE.layers.map(({ bytes }) => ({ tar: bytes }));
      writeLayout(layout, [{ layers, name: "latest" }]);
      await using server = await startDockerRegistry({
        // The password is "secret".
        htpasswd: "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
        tls: certificates,
      });
      await server.push(`oci:${layout}:latest`, "a:1", { login: "me:secret" });
      const trusting = {
        ...options,
        allowHttp: false,
        environment: { SSL_CERT_FILE: certificates.authority },
      };
      await assertRejects(() => pull(server, "a:1", trusting), EnrootError, "401 Unauthorized");
      await assertRejects(() => pull(server, "a:1", { ...trusting, environment: {} }), EnrootError);
      Deno.writeTextFileSync(
        `${options.configPath}/.credentials`,
        "machine 127.0.0.1 login me password secret",
        { mode: 0o600 },
      );
      const lines = await capturedStderr(() => pull(server, "a:1", trusting));
      assertEquals(lines[3], "[INFO] Authentication succeeded");
    }),
});
