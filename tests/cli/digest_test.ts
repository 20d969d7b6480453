import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeHome, runEnroot, TEST_UID } from "../support/enroot.ts";
import { serveRegistry } from "../support/registry.ts";

const IMAGE = { layers: [{ bytes: new Uint8Array(10) }] };
const ALLOW_HTTP = { ENROOT_ALLOW_HTTP: "y" };

Deno.test("enroot digest prints the digest alone on standard output", async () => {
  await using registry = serveRegistry({});
  const digest = registry.push("a/b", "1", IMAGE);
  const { code, stdout, stderr } = await runEnroot(
    ["digest", `docker://${registry.address}#a/b:1`],
    { env: ALLOW_HTTP },
  );
  assertEquals([code, stdout], [0, `${digest}\n`], stderr);
  assertStringIncludes(stderr, "[INFO] Querying registry for permission grant\n");
});

Deno.test("enroot digest takes an index apart for every spelling of an architecture", async () => {
  await using registry = serveRegistry({});
  const index = registry.pushIndex("a", "1", [
    { ...IMAGE, architecture: "amd64" },
    { layers: [], architecture: "arm64" },
  ]);
  const arm = registry.push("a", "arm", { layers: [], architecture: "arm64" });
  const amd = registry.push("a", "amd", IMAGE);
  using home = makeHome();
  for (
    const [arch, digest] of [
      ["x86_64", amd],
      ["amd64", amd],
      ["aarch64", arm],
      ["arm64", arm],
      ["arm64/v8", arm],
    ] as const
  ) {
    const uri = `docker://${registry.address}/a@${index}`;
    const run = await runEnroot(["digest", "--arch", arch, uri], { home, env: ALLOW_HTTP });
    assertEquals([run.code, run.stdout], [0, `${digest}\n`], run.stderr);
  }
});

Deno.test("enroot digest knows architectures in an index by their kernel's names too", async () => {
  await using registry = serveRegistry({});
  const index = registry.pushIndex("a", "1", [
    { ...IMAGE, architecture: "x86_64" },
    { layers: [], architecture: "aarch64" },
  ]);
  const arm = registry.push("a", "arm", { layers: [], architecture: "aarch64" });
  const amd = registry.push("a", "amd", { ...IMAGE, architecture: "x86_64" });
  using home = makeHome();
  for (const [arch, digest] of [["x86_64", amd], ["arm64", arm]] as const) {
    const uri = `docker://${registry.address}/a@${index}`;
    const run = await runEnroot(["digest", "--arch", arch, uri], { home, env: ALLOW_HTTP });
    assertEquals([run.code, run.stdout], [0, `${digest}\n`], run.stderr);
  }
});

Deno.test("enroot digest says what is wrong, with nothing on standard output", async () => {
  await using registry = serveRegistry({ "a:1": IMAGE });
  using home = makeHome();
  for (
    const [uri, error] of [
      [`docker://${registry.address}/a:2`, "returned error code: 404 Not Found: manifest unknown"],
      ["docker://a@sha256:short", "(not a digest: sha256: and 64 hexadecimal digits, or sha512:"],
      ["docker://A", "[ERROR] Invalid image reference: docker://A"],
      ["ubuntu", "[ERROR] Invalid image reference: ubuntu"],
    ] as const
  ) {
    const run = await runEnroot(["digest", uri], { home, env: ALLOW_HTTP });
    assertEquals([run.code, run.stdout], [1, ""]);
    assertStringIncludes(run.stderr, error);
  }
});

Deno.test("enroot digest refuses plain HTTP unless it is allowed", async () => {
  await using registry = serveRegistry({ "a:1": IMAGE });
  const env = { ENROOT_TRANSFER_RETRIES: "0" };
  const run = await runEnroot(["digest", `docker://${registry.address}/a:1`], { env });
  assertEquals(run.code, 1);
  assertStringIncludes(run.stderr, "ENROOT_ALLOW_HTTP");
});

Deno.test("enroot digest uses .credentials, with a command for the password", async () => {
  const login = { user: "me", password: "a secret" };
  await using registry = serveRegistry({}, { auth: { scheme: "bearer", login } });
  const digest = registry.push("a", "1", IMAGE);
  using home = makeHome();
  const directory = `${home.env.XDG_CONFIG_HOME}/enroot`;
  Deno.mkdirSync(directory);
  Deno.writeTextFileSync(
    `${directory}/.credentials`,
    "machine 127.0.0.1 login me password $(echo a; echo secret)\n",
    { mode: 0o600 },
  );
  if (Deno.uid() === 0) Deno.chownSync(`${directory}/.credentials`, TEST_UID, TEST_UID);
  const uri = `docker://me@${registry.address}/a:1`;
  const { code, stdout, stderr } = await runEnroot(["digest", uri], { home, env: ALLOW_HTTP });
  assertEquals([code, stdout], [0, `${digest}\n`], stderr);
  assertEquals(stderr.split("\n").slice(1, 4), [
    "[INFO] Authenticating with user: me",
    `[INFO] Using credentials from file: ${directory}/.credentials`,
    "[INFO] Authentication succeeded",
  ]);
});
