/** Registries whose certificate is its own authority, as Docker's documentation has it made. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { requiring } from "../support/requires.ts";
import { makeServingAuthorities, type TestCertificate } from "../support/certificates.ts";
import { makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { cutAfter, first } from "../support/faults.ts";
import { startHttpProxy } from "../support/http_proxy.ts";
import { type RegistryServer, serveRegistry } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";

const authorities = makeServingAuthorities();
globalThis.addEventListener("unload", () => authorities?.[Symbol.dispose]());

const LAYERS = [1, 2, 3].map((number) => ({
  bytes: tarArchive([{ path: `file${number}`, data: "x".repeat(200_000 * number) }]),
}));
const LOGIN = { user: "me", password: "secret" };

interface Scene {
  registry: RegistryServer;
  home: TestHome;
  /** The registry's certificate, and another of the same name. */
  named: string;
  other: string;
}

/** Declares a test with such a registry, which wants a login. */
function authorityTest(name: string, fn: (scene: Scene) => Promise<void>): void {
  Deno.test({
    ...requiring({ programs: ["openssl"], libssl: true }, name),
    async fn() {
      if (authorities === undefined) return;
      const { good: { certificate, key }, other } = authorities;
      const tls = { cert: Deno.readTextFileSync(certificate), key: Deno.readTextFileSync(key) };
      const auth = { scheme: "bearer", login: LOGIN } as const;
      await using registry = serveRegistry({ "a:1": { layers: LAYERS } }, { tls, auth });
      using home = makeHome();
      const copied = (name: string, { certificate }: TestCertificate) => {
        const path = `${home.path}/${name}.pem`;
        Deno.copyFileSync(certificate, path);
        Deno.chmodSync(path, 0o644);
        return path;
      };
      const config = `${home.env.XDG_CONFIG_HOME}/enroot`;
      Deno.mkdirSync(config);
      Deno.writeTextFileSync(
        `${config}/.credentials`,
        ["127.0.0.1", "registry.test"].map((host) =>
          `machine ${host} login ${LOGIN.user} password ${LOGIN.password}\n`
        ).join(""),
        { mode: 0o600 },
      );
      if (Deno.uid() === 0) Deno.chownSync(`${config}/.credentials`, TEST_UID, TEST_UID);
      const [named, another] = [copied("named", authorities.good), copied("other", other)];
      await fn({ registry, home, named, other: another });
    },
  });
}

authorityTest(
  "import takes an authority that serves itself, and goes on after cuts",
  async (scene) => {
    const { registry, home, named } = scene;
    registry.fault = first(4, /blobs/, cutAfter(150_000));
    const args = ["import", "--output", "a.sqsh", `docker://${registry.address}/a:1`];
    const { code, stderr } = await runEnroot(args, { home, env: { SSL_CERT_FILE: named } });
    assertEquals(code, 0, stderr);
    const ranges = registry.requests.map(({ headers }) => headers.get("range"));
    assertEquals(ranges.filter((range) => range === "bytes=150000-").length, 3);
  },
);

authorityTest("import takes one that is kept in docker's certs.d", async (scene) => {
  const { registry, home, named } = scene;
  const directory = `${home.env.XDG_CONFIG_HOME}/docker/certs.d/${registry.address}`;
  Deno.mkdirSync(directory, { recursive: true });
  Deno.copyFileSync(named, `${directory}/ca.crt`);
  Deno.chmodSync(`${directory}/ca.crt`, 0o644);
  const args = ["import", "--output", "a.sqsh", `docker://${registry.address}/a:1`];
  const { code, stderr } = await runEnroot(args, { home });
  assertEquals(code, 0, stderr);
});

authorityTest("import takes one through a proxy", async ({ registry, home, named }) => {
  const [hostname = "", port] = registry.address.split(":");
  await using proxy = startHttpProxy({ hostname, port: Number(port) });
  const env = { SSL_CERT_FILE: named, https_proxy: proxy.url };
  const args = ["import", "--output", "a.sqsh", "docker://registry.test/a:1"];
  const { code, stderr } = await runEnroot(args, { home, env });
  assertEquals(code, 0, stderr);
  const lines = new Set(proxy.requests.map(({ line }) => line));
  assert(lines.has("CONNECT registry.test:443 HTTP/1.1"));
});

authorityTest("import sends nothing to one that is not the one named", async (scene) => {
  const { registry, home, other } = scene;
  const args = ["import", "--output", "a.sqsh", `docker://${registry.address}/a:1`];
  for (const env of [{ SSL_CERT_FILE: other }, { ENROOT_ALLOW_HTTP: "y" }]) {
    const { code, stderr } = await runEnroot(args, { home, env });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "invalid peer certificate: ");
    assertEquals(stderr.split("\n").filter((line) => line.includes("[ERROR]")).length, 1);
    assertEquals(registry.requests, []);
  }
});

authorityTest("import says what to do where there is no OpenSSL", async (scene) => {
  const { registry, home, named } = scene;
  const libraries = `${home.path}/lib`;
  Deno.mkdirSync(libraries);
  // What is no library keeps the loader from looking further.
  for (const name of ["libssl.so.3", "libssl.so.1.1"]) {
    Deno.writeTextFileSync(`${libraries}/${name}`, "");
  }
  const args = ["import", "--output", "a.sqsh", `docker://${registry.address}/a:1`];
  const env = { SSL_CERT_FILE: named, LD_LIBRARY_PATH: libraries };
  const { code, stderr } = await runEnroot(args, { home, env });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "basicConstraints=critical,CA:FALSE");
  assertStringIncludes(stderr, "could take it, but there is no libssl.so.3 or libssl.so.1.1");
});
