import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { enrootCommand, makeHome, runEnroot } from "../support/enroot.ts";
import { cutAfter, encoded, first, stallAfter } from "../support/faults.ts";
import { type RegistryServer, serveRegistry } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";
import { until } from "../support/until.ts";

const LAYERS = [1, 2, 3].map((number) => ({
  bytes: tarArchive([{ path: `file${number}`, data: "x".repeat(200_000 * number) }]),
}));
const ENV = { ENROOT_ALLOW_HTTP: "y" };

function blobRequests({ requests }: RegistryServer): string[] {
  return requests.filter(({ path }) => path.includes("/blobs/")).map(({ path }) => path);
}

Deno.test("imports of one image at the same time download each blob once", async () => {
  await using registry = serveRegistry({ "a:1": { layers: LAYERS } });
  using home = makeHome();
  const runs = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      runEnroot(
        ["import", "--output", `${index}.sqsh`, `docker://${registry.address}/a:1`],
        { home, env: ENV },
      )),
  );
  for (const { code, stderr } of runs) assertEquals(code, 0, stderr);
  const requests = blobRequests(registry);
  assertEquals(requests.length, new Set(requests).size);
  const sizes = runs.map((_, index) => Deno.statSync(`${home.path}/${index}.sqsh`).size);
  assertEquals(new Set(sizes).size, 1);
});

Deno.test("an import survives cuts without fetching anything twice", async () => {
  await using registry = serveRegistry({ "a:1": { layers: LAYERS } });
  registry.fault = first(4, /blobs/, cutAfter(150_000));
  using home = makeHome();
  const args = ["import", `docker://${registry.address}/a:1`];
  const { code, stderr } = await runEnroot(args, { home, env: ENV });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "; trying again in ");
  const starts = registry.requests.filter(({ path }) => path.includes("/blobs/"))
    .map(({ headers }) => headers.get("range"));
  // The configuration, which is shorter than that, and each layer, which is not.
  assertEquals(starts.filter((range) => range === null).length, 4);
  assertEquals(starts.filter((range) => range === "bytes=150000-").length, 3);
});

Deno.test("an import takes layers with a Content-Encoding as they were sent", async () => {
  const layers = LAYERS.map(({ bytes }) => ({ bytes: new Uint8Array(gzipSync(bytes)) }));
  await using registry = serveRegistry({ "a:1": { layers } });
  // The configuration is no gzip file, as in stores that put the header on everything.
  registry.fault = (request, answer) =>
    request.url.includes("/blobs/") ? encoded()(request, answer) : undefined;
  using home = makeHome();
  const args = ["import", "--output", "a.sqsh", `docker://${registry.address}/a:1`];
  const { code, stderr } = await runEnroot(args, { home, env: ENV });
  assertEquals(code, 0, stderr);
  assertEquals(stderr.includes("[WARN]"), false, stderr);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`an import that gets ${signal} ends at once, leaves nothing behind and can go on`, async () => {
    await using registry = serveRegistry({ "a:1": { layers: LAYERS } });
    registry.fault = stallAfter(150_000);
    using home = makeHome();
    const args = ["import", "--output", "a.sqsh", `docker://${registry.address}/a:1`];
    const child = enrootCommand(args, { home, env: ENV }).spawn();
    const isUnderWay = () =>
      names(home.cache).some((name) =>
        name.endsWith(".partial") && Deno.statSync(`${home.cache}/${name}`).size === 150_000
      );
    await until(isUnderWay, { interval: 50 });
    const started = performance.now();
    child.kill(signal);
    const { signal: diedOf } = await child.output();
    assertEquals(diedOf, signal);
    assert(performance.now() - started < 3000);
    assertEquals(names(home.path).filter((name) => name.includes("sqsh")), []);
    assertEquals(names(home.env.TMPDIR ?? ""), []);

    registry.fault = undefined;
    registry.requests.length = 0;
    const { code, stderr } = await runEnroot(args, { home, env: ENV });
    assertEquals(code, 0, stderr);
    assert(registry.requests.some(({ headers }) => headers.has("range")));
  });
}

function names(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch {
    return [];
  }
}
