import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { gzipSync } from "node:zlib";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Descriptor, DigestBuilder } from "../formats/oci/mod.ts";
import {
  cutAfter,
  dripping,
  encoded,
  first,
  flippedAt,
  redirection,
  refusal,
  shortenedBy,
  silence,
  stallAfter,
} from "../../tests/support/faults.ts";
import { capturedStderr } from "../../tests/support/captured_stderr.ts";
import { makeCertificates } from "../../tests/support/certificates.ts";
import { startHttpProxy } from "../../tests/support/http_proxy.ts";
import {
  type Fault,
  RegistryServer,
  type RegistryServerOptions,
} from "../../tests/support/registry.ts";
import { requiring } from "../../tests/support/requires.ts";
import { until } from "../../tests/support/until.ts";
import { type RegistryOptions, RepositoryClient } from "./client.ts";
import type { Download } from "./download.ts";

const IMAGE = { layers: [{ bytes: new Uint8Array(8) }] };
const BYTES = Uint8Array.from({ length: 300_000 }, (_, index) => index * 7);

function options(changes: Partial<RegistryOptions> = {}): RegistryOptions {
  return {
    connectTimeout: 5,
    transferTimeout: Infinity,
    transferRetries: 1,
    allowHttp: true,
    configPath: "/nonexistent",
    environment: {},
    ...changes,
  };
}

function connect(server: RegistryServer, changes: Partial<RegistryOptions> = {}): RepositoryClient {
  const access = { registry: server.address, repository: "a/b", user: undefined };
  return new RepositoryClient(access, options(changes));
}

const certificates = makeCertificates();
globalThis.addEventListener("unload", () => certificates?.[Symbol.dispose]());

/** Declares a test that needs servers with certificates: ignored where none can be made. */
function tlsTest(
  name: string,
  fn: (keys: { authority: string; tls: { cert: string; key: string } }) => Promise<void>,
): void {
  Deno.test({
    ...requiring({ programs: ["openssl"] }, name),
    async fn() {
      if (certificates === undefined) return;
      const { authority, certificate, key } = certificates;
      await fn({
        authority,
        tls: { cert: Deno.readTextFileSync(certificate), key: Deno.readTextFileSync(key) },
      });
    },
  });
}

/** A download into memory. */
class MemoryDownload implements Download {
  #chunks: Uint8Array[] = [];
  received = 0;
  restarts = 0;

  constructor(readonly blob: Descriptor) {}

  get size(): number {
    return this.#chunks.reduce((size, chunk) => size + chunk.length, 0);
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(bytes);
    this.received += bytes.length;
    return Promise.resolve();
  }

  restart(): Promise<void> {
    this.#chunks = [];
    this.restarts++;
    return Promise.resolve();
  }

  isIntact(): boolean {
    const digest = new DigestBuilder();
    for (const chunk of this.#chunks) digest.update(chunk);
    return digest.finish() === this.blob.digest;
  }
}

function blobOn(server: RegistryServer, bytes = BYTES): Descriptor {
  const { digest, size } = server.pushBlob(bytes);
  return { mediaType: "", digest: digest as Descriptor["digest"], size, urls: [] };
}

Deno.test("fetchManifest() takes whatever a tag or a digest names, with one request", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  for (const format of ["docker", "oci"] as const) {
    const digest = server.push("a/b", format, { ...IMAGE, format });
    const index = server.pushIndex("a/b", `${format}-index`, [{ ...IMAGE, format }]);
    server.requests.length = 0;
    assertEquals((await client.fetchManifest(format)).digest, digest);
    assertEquals((await client.fetchManifest(digest)).digest, digest);
    assertEquals((await client.fetchManifest(`${format}-index`)).digest, index);
    assertEquals(server.requests.length, 3);
  }
});

Deno.test("fetchManifest() refuses a manifest that does not match its digest", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { transferRetries: 0 });
  const digest = server.push("a/b", "t", IMAGE);
  server.fault = first(2, /manifests/, flippedAt(20));
  await assertRejects(() => client.fetchManifest(digest), EnrootError, "Cannot trust");
  await assertRejects(() => client.fetchManifest("t"), EnrootError, "Cannot trust");
  assertEquals((await client.fetchManifest(digest)).digest, digest);
});

Deno.test("fetchManifest() refuses a manifest that is too large", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  const bytes = new Uint8Array(5 << 20);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  server.pushManifest("a/b", "large", { bytes, mediaType });
  await assertRejects(() => client.fetchManifest("large"), EnrootError, "larger than");
});

Deno.test("fetchManifest() gives URL, status, the registry's words and a hint", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  const error = await assertRejects(() => client.fetchManifest("nope"), EnrootError);
  assertEquals(
    error.message,
    `URL ${server.origin}/v2/a/b/manifests/nope returned error code: 404 Not Found: ` +
      "manifest unknown (no such image or tag, or it is private)",
  );
});

Deno.test("fetchManifest() uses plain HTTP only where it is allowed", async () => {
  await using server = new RegistryServer();
  server.push("a/b", "t", IMAGE);
  using client = connect(server, { allowHttp: false, transferRetries: 0 });
  await assertRejects(() => client.fetchManifest("t"), EnrootError, "ENROOT_ALLOW_HTTP");
  assertEquals(server.requests.length, 0);
});

Deno.test("download() gets a blob", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  const download = new MemoryDownload(blobOn(server));
  await client.download(download);
  assert(download.isIntact());
  assertEquals(download.received, BYTES.length);
});

Deno.test("download() goes on where it was cut off, without fetching anything twice", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  server.fault = first(3, /blobs/, cutAfter(50_000));
  const download = new MemoryDownload(blobOn(server));
  await client.download(download);
  assert(download.isIntact());
  assertEquals(download.received, BYTES.length);
  assertEquals(
    server.requests.map(({ headers }) => headers.get("range")).slice(1),
    [50_000, 100_000, 150_000].map((start) => `bytes=${start}-`),
  );
});

/** A compressed file that is not much smaller than what it was made of. */
const COMPRESSED = new Uint8Array(
  gzipSync(crypto.getRandomValues(new Uint8Array(60_000)), { level: 1 }),
);

for (const [how, options] of [["whole", {}], ["in chunks", { chunked: true }]] as const) {
  Deno.test(`download() takes a blob with a Content-Encoding as it was sent, ${how}`, async () => {
    await using server = new RegistryServer();
    using client = connect(server);
    server.fault = encoded(options);
    for (let time = 0; time < 2; time++) {
      const download = new MemoryDownload(blobOn(server, COMPRESSED));
      await client.download(download);
      assert(download.isIntact());
      assertEquals(download.received, COMPRESSED.length);
    }
  });
}

Deno.test("download() goes on where a blob with a Content-Encoding was cut off", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { transferRetries: 3 });
  // The first request shows that there is an encoding.
  server.fault = first(4, /blobs/, encoded({ fault: cutAfter(15_000) }));
  const download = new MemoryDownload(blobOn(server, COMPRESSED));
  await client.download(download);
  assert(download.isIntact());
  assertEquals(download.received, COMPRESSED.length);
  assertEquals(
    server.requests.map(({ headers }) => headers.get("range")).slice(2),
    [15_000, 30_000, 45_000].map((start) => `bytes=${start}-`),
  );

  // Nor is the rest of such a blob what can be decoded.
  server.fault = encoded();
  using second = connect(server);
  const rest = new MemoryDownload(blobOn(server, COMPRESSED));
  await rest.write(COMPRESSED.subarray(0, 1000));
  await second.download(rest);
  assert(rest.isIntact());
  assertEquals([rest.received, rest.restarts], [COMPRESSED.length, 0]);
});

Deno.test("download() gives up a stalled blob with a Content-Encoding, and one that nobody wants", async () => {
  await using server = new RegistryServer();
  const blob = blobOn(server, COMPRESSED);
  {
    using client = connect(server, { connectTimeout: 0.3 });
    server.fault = first(2, /blobs/, encoded({ fault: stallAfter(15_000) }));
    const download = new MemoryDownload(blob);
    await client.download(download);
    assert(download.isIntact());
  }
  server.fault = encoded({ fault: stallAfter(15_000) });
  const client = connect(server);
  const download = new MemoryDownload(blob);
  const end = assertRejects(() => client.download(download), EnrootError, "interrupted");
  while (download.size === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  client[Symbol.dispose]();
  await end;
  await new Promise((resolve) => setTimeout(resolve, 100));
});

Deno.test("download() starts over when the server ignores ranges", async () => {
  await using server = new RegistryServer({ ranges: false });
  using client = connect(server);
  server.fault = first(1, /blobs/, cutAfter(50_000));
  const download = new MemoryDownload(blobOn(server));
  await client.download(download);
  assert(download.isIntact());
  assertEquals(download.received, BYTES.length + 50_000);
  assertEquals(download.restarts, 1);
});

Deno.test("download() starts over when what it has is longer than the blob", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  const download = new MemoryDownload(blobOn(server));
  await download.write(new Uint8Array(BYTES.length + 5));
  await client.download(download);
  assert(download.isIntact());
});

Deno.test("download() goes on after a stall", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { connectTimeout: 0.3 });
  server.fault = first(1, /blobs/, stallAfter(50_000));
  const download = new MemoryDownload(blobOn(server));
  await client.download(download);
  assert(download.isIntact());
  assertEquals(download.received, BYTES.length);
});

Deno.test("download() tries again after no answer, 500 and 429", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { connectTimeout: 0.3, transferRetries: 1 });
  for (const fault of [silence(), refusal(500), refusal(429, { "retry-after": "1" })]) {
    const started = performance.now();
    server.fault = first(1, /blobs/, fault);
    const download = new MemoryDownload(blobOn(server));
    await client.download(download);
    assert(download.isIntact());
    assert(performance.now() - started > 200);
  }
});

Deno.test("download() does not wait as long as it is told by a server without measure", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  server.fault = refusal(429, { "retry-after": "86400" });
  const error = await assertRejects(() => client.download(new MemoryDownload(blobOn(server))));
  assertStringIncludes(error.message, "returned error code: 429 Too Many Requests: as told");
});

Deno.test("download() gives up after as many failures as are to be forgiven", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { transferRetries: 1 });
  server.fault = refusal(503);
  const error = await assertRejects(() => client.download(new MemoryDownload(blobOn(server))));
  assertStringIncludes(error.message, "503 Service Unavailable");
  assertEquals(server.requests.length, 2);
});

Deno.test("download() does not try again what is final", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { transferRetries: 5 });
  const blob = blobOn(server);
  server.fault = refusal(403);
  await assertRejects(() => client.download(new MemoryDownload(blob)), EnrootError, "403");
  assertEquals(server.requests.length, 1);
});

Deno.test("download() notices a body of another length than the blob has", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { transferRetries: 0 });
  server.fault = first(1, /blobs/, shortenedBy(10));
  const blob = blobOn(server);
  await assertRejects(
    () => client.download(new MemoryDownload(blob)),
    EnrootError,
    "299990 bytes instead of 300000",
  );
  const smaller = { ...blob, size: 100 };
  await assertRejects(
    () => client.download(new MemoryDownload(smaller)),
    EnrootError,
    "300000 bytes instead of 100",
  );
});

Deno.test("a document that comes in byte by byte is given up in time, a layer is not", async () => {
  await using server = new RegistryServer({ auth: { scheme: "bearer" } });
  server.push("a/b", "t", IMAGE);
  const attempt = async (path: RegExp, action: (client: RepositoryClient) => Promise<unknown>) => {
    server.fault = first(9, path, dripping(0.05));
    using client = connect(server, { connectTimeout: 0.2, transferRetries: 3 });
    const started = performance.now();
    await assertRejects(() => action(client), EnrootError, "not complete after 0.8 s");
    assert(performance.now() - started < 3000);
  };
  await attempt(/token/, (client) => client.fetchManifest("t"));
  await attempt(/manifests/, (client) => client.fetchManifest("t"));
  const blob = blobOn(server, BYTES.slice(0, 30));
  await attempt(/blobs/, (client) => client.download(new MemoryDownload(blob), "document"));
  using client = connect(server, { connectTimeout: 0.2 });
  const download = new MemoryDownload(blob);
  await client.download(download);
  assert(download.isIntact());
});

Deno.test("fetchManifest() gives up on headers without end, and on those that come byte by byte", async () => {
  for (const pause of [0, 20]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const sent = (async () => {
      using connection = await listener.accept();
      // What tries HTTPS first.
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      connection.close();
      using second = await listener.accept();
      const line = new TextEncoder().encode(`X: ${"x".repeat(pause === 0 ? 60_000 : 1)}\r\n`);
      let size = await second.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n"));
      try {
        while (size < 100_000_000) {
          size += await second.write(line);
          if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        }
      } catch {
        // The client has gone away, as it should.
      }
      return size;
    })();
    const access = {
      registry: `127.0.0.1:${listener.addr.port}`,
      repository: "a/b",
      user: undefined,
    };
    using client = new RepositoryClient(
      access,
      options({ connectTimeout: 0.5, transferRetries: 0 }),
    );
    await assertRejects(() => client.fetchManifest("t"), EnrootError, "Cannot reach");
    assert(await sent < 10_000_000);
  }
});

Deno.test("download() takes no longer than a transfer may take", async () => {
  await using server = new RegistryServer();
  using client = connect(server, { transferTimeout: 0.3 });
  server.fault = stallAfter(50_000);
  const started = performance.now();
  await assertRejects(
    () => client.download(new MemoryDownload(blobOn(server))),
    EnrootError,
    "not finished after 0.3 s",
  );
  assert(performance.now() - started < 2000);
});

Deno.test("disposing of the client ends a download", async () => {
  await using server = new RegistryServer();
  const client = connect(server);
  server.fault = stallAfter(50_000);
  const download = new MemoryDownload(blobOn(server));
  const end = assertRejects(() => client.download(download), EnrootError, "interrupted");
  await until(() => download.size > 0);
  client[Symbol.dispose]();
  await end;
  // Until the server is through with it, too.
  await new Promise((resolve) => setTimeout(resolve, 100));
});

Deno.test("download() follows redirections and leaves credentials behind", async () => {
  await using store = new RegistryServer();
  const auth = { scheme: "basic", user: "me", password: "secret" } as const;
  await using server = new RegistryServer({ auth });
  const blob = blobOn(store);
  server.fault = first(9, /blobs/, redirection(store.origin, "?Signature=xyz"));
  server.push("a/b", "t", IMAGE);
  await withCredentials("machine 127.0.0.1 login me password secret", async (configPath) => {
    using client = connect(server, { configPath });
    await client.fetchManifest("t");
    const download = new MemoryDownload(blob);
    await client.download(download);
    assert(download.isIntact());
  });
  assertEquals(server.requests.at(-1)?.headers.has("authorization"), true);
  assertEquals(store.requests.map(({ path }) => path), [
    `/v2/a/b/blobs/${blob.digest}?Signature=xyz`,
  ]);
  assertEquals(store.requests[0]?.headers.has("authorization"), false);
});

Deno.test("download() never shows the query of a URL", async () => {
  await using store = new RegistryServer();
  await using server = new RegistryServer();
  const blob = blobOn(server);
  server.fault = redirection(store.origin, "?Signature=xyz");
  using client = connect(server, { transferRetries: 0, connectTimeout: 0.3 });
  for (const fault of [refusal(403), cutAfter(10), silence()]) {
    store.fault = fault;
    const error = await assertRejects(() => client.download(new MemoryDownload(blob)));
    assert(!error.message.includes("xyz"), error.message);
    assertStringIncludes(error.message, `${store.origin}/v2/a/b/blobs/${blob.digest}?…`);
  }
});

Deno.test("download() gives up on redirections without end, and on those to elsewhere", async () => {
  await using server = new RegistryServer();
  using client = connect(server);
  const blob = blobOn(server);
  server.fault = redirection(server.origin);
  await assertRejects(() => client.download(new MemoryDownload(blob)), EnrootError, "too often");
  assertEquals(server.requests.length, 11);
  for (const target of ["ftp://x", "file:///etc/passwd#"]) {
    server.fault = redirection(target);
    await assertRejects(() => client.download(new MemoryDownload(blob)), EnrootError, "not HTTP");
  }
});

Deno.test("download() gets foreign layers from where they are, without credentials", async () => {
  await using elsewhere = new RegistryServer();
  const auth = { scheme: "basic", user: "me", password: "secret" } as const;
  await using server = new RegistryServer({ auth });
  const blob = blobOn(elsewhere);
  const urls = ["missing", blob.digest].map((name) => `${elsewhere.origin}/v2/x/blobs/${name}`);
  await withCredentials("machine 127.0.0.1 login me password secret", async (configPath) => {
    using client = connect(server, { configPath });
    const download = new MemoryDownload({ ...blob, urls });
    await client.download(download);
    assert(download.isIntact());
  });
  assertEquals(elsewhere.requests.length, 2);
  assert(elsewhere.requests.every(({ headers }) => !headers.has("authorization")));
});

function withCredentials(
  netrc: string,
  action: (configPath: string) => Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${directory}/.credentials`, netrc, { mode: 0o600 });
  return action(directory).finally(() => Deno.removeSync(directory, { recursive: true }));
}

const AUTHS: Record<string, RegistryServerOptions["auth"]> = {
  basic: { scheme: "basic", user: "me", password: "secret" },
  bearer: { scheme: "bearer", login: { user: "me", password: "secret" } },
};
for (const [scheme, auth] of Object.entries(AUTHS)) {
  Deno.test(`fetchManifest() authenticates by ${scheme}`, async () => {
    await using server = new RegistryServer(auth && { auth });
    server.push("a/b", "t", IMAGE);
    await withCredentials("machine 127.0.0.1 login me password secret", async (configPath) => {
      using client = connect(server, { configPath });
      const lines = await capturedStderr(() => client.fetchManifest("t"));
      assertEquals(lines, [
        "[INFO] Querying registry for permission grant",
        "[INFO] Authenticating with user: me",
        `[INFO] Using credentials from file: ${configPath}/.credentials`,
        "[INFO] Authentication succeeded",
      ]);
    });
  });

  Deno.test(`fetchManifest() with wrong credentials by ${scheme} fails and shows none`, async () => {
    await using server = new RegistryServer(auth && { auth });
    server.push("a/b", "t", IMAGE);
    await withCredentials("machine 127.0.0.1 login me password wr0ng", async (configPath) => {
      using client = connect(server, { configPath });
      const lines = await capturedStderr(async () => {
        const error = await assertRejects(() => client.fetchManifest("t"), EnrootError);
        assertStringIncludes(error.message, "returned error code: 401 Unauthorized");
        assert(!error.message.includes("wr0ng"));
      });
      assert(!lines.join().includes("wr0ng"));
      assert(!lines.join().includes("succeeded"));
    });
  });

  Deno.test(`fetchManifest() without credentials by ${scheme} fails and says where they go`, async () => {
    await using server = new RegistryServer(auth && { auth });
    using client = connect(server);
    const lines = await capturedStderr(async () => {
      const error = await assertRejects(() => client.fetchManifest("t"), EnrootError);
      assertStringIncludes(error.message, "returned error code: 401 Unauthorized");
      assertStringIncludes(error.message, ".credentials");
    });
    assertEquals(lines[1], "[INFO] Authenticating with user: <anonymous>");
  });
}

Deno.test("fetchManifest() pulls anonymously with a token, and without any", async () => {
  for (const auth of [undefined, { scheme: "bearer" } as const]) {
    await using server = new RegistryServer(auth && { auth });
    server.push("a/b", "t", IMAGE);
    using client = connect(server);
    const lines = await capturedStderr(() => client.fetchManifest("t"));
    assertEquals(
      lines.at(-1),
      `[INFO] ${auth ? "Authentication succeeded" : "Permission granted"}`,
    );
  }
});

Deno.test("download() gets a new token when the old one has expired, once for all", async () => {
  await using server = new RegistryServer({ auth: { scheme: "bearer", uses: 3 } });
  using client = connect(server);
  server.push("a/b", "t", IMAGE);
  const lines = await capturedStderr(async () => {
    await client.fetchManifest("t");
    const downloads = Array.from(
      { length: 4 },
      (_, index) => new MemoryDownload(blobOn(server, BYTES.slice(index))),
    );
    await Promise.all(downloads.slice(0, 2).map((download) => client.download(download)));
    await Promise.all(downloads.slice(2).map((download) => client.download(download)));
    assert(downloads.every((download) => download.isIntact()));
  });
  assertEquals(server.requests.filter(({ path }) => path.startsWith("/token")).length, 2);
  assertEquals(lines.filter((line) => line.includes("Authenticating")).length, 1);
});

Deno.test("fetchManifest() asks the token server for nothing but to pull, whatever the registry says", async () => {
  // The registry's own challenge asks for the right to push, too.
  await using server = new RegistryServer({ auth: { scheme: "bearer" } });
  server.push("a/b", "t", IMAGE);
  using client = connect(server);
  await client.fetchManifest("t");
  const queries = () =>
    server.requests.filter(({ path }) => path.startsWith("/token"))
      .map(({ path }) => [...new URL(`http://x${path}`).searchParams]);
  assertEquals(queries(), [[["service", "test, service"], ["scope", "repository:a/b:pull"]]]);

  server.requests.length = 0;
  const hostile = `${server.origin}/token?scope=repository:me/private:pull&x=1`
    .replace("http://", "http://user:password@");
  server.fault = first(1, /manifests/, challenge(hostile, "repository:me/private:pull"));
  using second = connect(server);
  await second.fetchManifest("t");
  assertEquals(queries()[0], [["x", "1"], ["service", "s"], ["scope", "repository:a/b:pull"]]);
  assertEquals(server.requests.some(({ headers }) => headers.has("authorization")), true);
  const token = server.requests.find(({ path }) => path.startsWith("/token"));
  assertEquals(token?.headers.has("authorization"), false);
});

/** The registry asks for a token of a server that it names. */
function challenge(realm: string, scope = ""): Fault {
  const header = `Bearer realm="${realm}",service="s",scope="${scope}"`;
  return () => new Response(null, { status: 401, headers: { "www-authenticate": header } });
}

Deno.test("fetchManifest() does not log in at a token server for a registry of no concern to it", async () => {
  await using tokens = new RegistryServer({ auth: { scheme: "bearer" } });
  await using server = new RegistryServer();
  const elsewhere = tokens.origin.replace("127.0.0.1", "localhost");
  server.push("a/b", "t", IMAGE);
  server.fault = first(1, /manifests/, challenge(`${elsewhere}/token`));
  await withCredentials("machine localhost login me password secret", async (configPath) => {
    using client = connect(server, { configPath });
    const lines = await capturedStderr(() => client.fetchManifest("t"));
    assertStringIncludes(lines.join(), "Authenticating with user: <anonymous>");
  });
  assertEquals(tokens.requests.map(({ headers }) => headers.has("authorization")), [false]);
});

Deno.test("fetchManifest() sends a registry's login to the token server that the registry names", async () => {
  await using tokens = new RegistryServer({ auth: { scheme: "bearer" } });
  await using server = new RegistryServer();
  const elsewhere = tokens.origin.replace("127.0.0.1", "localhost");
  server.push("a/b", "t", IMAGE);
  server.fault = first(1, /manifests/, challenge(`${elsewhere}/token`));
  await withCredentials("machine 127.0.0.1 login me password secret", async (configPath) => {
    using client = connect(server, { configPath });
    await client.fetchManifest("t");
  });
  const sent = tokens.requests.map(({ headers }) => headers.get("authorization"));
  assertEquals(sent, [`Basic ${btoa("me:secret")}`]);
});

tlsTest(
  "fetchManifest() gives a token server's login to no other server",
  async ({ authority, tls }) => {
    await using tokens = new RegistryServer({ auth: { scheme: "bearer" }, tls });
    await using server = new RegistryServer({ tls });
    const trusted = tokens.origin.replace("127.0.0.1", "localhost");
    const [own, open] = [`${server.origin}/token`, "http://localhost:1/token"];
    server.push("a/b", "t", IMAGE);
    const refused: Fault = () =>
      new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } });
    const environment = { SSL_CERT_FILE: authority };
    const netrc = "machine localhost login me password secret";
    const access = { registry: server.address, repository: "a/b", user: "me" };
    for (const second of [challenge(own), refused, challenge(open)]) {
      let asked = 0;
      // The first token is taken for the manifest, and refused for the blob.
      server.fault = (request, answer) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/token") return Response.json({ token: "x" });
        if (request.headers.get("authorization") === null) {
          return challenge(`${trusted}/token`)(request, answer);
        }
        return pathname.includes("blobs") && asked++ === 0 ? second(request, answer) : undefined;
      };
      server.requests.length = tokens.requests.length = 0;
      await withCredentials(netrc, async (configPath) => {
        using client = new RepositoryClient(access, options({ configPath, environment }));
        await client.fetchManifest("t");
        await assertRejects(
          () => client.download(new MemoryDownload(blobOn(server))),
          EnrootError,
          "Cannot authenticate",
        );
      });
      assertEquals(tokens.requests.map(({ headers }) => headers.get("authorization")), [
        `Basic ${btoa("me:secret")}`,
      ]);
      const sent = server.requests.map(({ headers }) => headers.get("authorization") ?? "");
      assertEquals(sent.filter((header) => header.startsWith("Basic")), []);
    }
  },
);

tlsTest(
  "fetchManifest() asks no token server by HTTP for a registry that speaks HTTPS",
  async ({ authority, tls }) => {
    await using tokens = new RegistryServer({ auth: { scheme: "bearer" } });
    await using server = new RegistryServer({ tls });
    server.fault = challenge(`${tokens.origin}/token`);
    await withCredentials("machine 127.0.0.1 login me password secret", async (configPath) => {
      using client = connect(server, {
        configPath,
        environment: { SSL_CERT_FILE: authority },
      });
      await assertRejects(() => client.fetchManifest("t"), EnrootError, "without encryption");
      // Nor the registry itself, when it sends us to what cannot be reached or asks there.
      server.fault = redirection("https://127.0.0.1:1");
      await assertRejects(() => client.fetchManifest("t"), EnrootError, "https://127.0.0.1:1/");
    });
    assertEquals(tokens.requests, []);
  },
);

Deno.test("fetchManifest() does not answer a challenge of a server it was redirected to", async () => {
  const auth = { scheme: "basic", user: "me", password: "secret" } as const;
  await using other = new RegistryServer({ auth });
  await using server = new RegistryServer();
  server.fault = redirection(other.origin);
  await withCredentials("machine 127.0.0.1 login me password secret", async (configPath) => {
    using client = connect(server, { configPath });
    await assertRejects(() => client.fetchManifest("t"), EnrootError, "401");
  });
  assertEquals(other.requests.map(({ headers }) => headers.has("authorization")), [false]);
});

tlsTest(
  "fetchManifest() takes a host by HTTP for another than the same by HTTPS",
  async ({ authority, tls }) => {
    const auth = { scheme: "basic", user: "me", password: "secret" } as const;
    await using encrypted = new RegistryServer({ auth, tls });
    await using open = new RegistryServer({ auth });
    const proxyTo = (server: RegistryServer) =>
      startHttpProxy({ hostname: "127.0.0.1", port: Number(server.address.split(":")[1]) });
    await using encryptedProxy = proxyTo(encrypted);
    await using openProxy = proxyTo(open);
    const environment = {
      SSL_CERT_FILE: authority,
      https_proxy: encryptedProxy.url,
      http_proxy: openProxy.url,
    };
    const access = { registry: "registry.test", repository: "a/b", user: undefined };
    const toOpen: Fault = redirection("http://registry.test");
    await withCredentials("machine registry.test login me password secret", async (configPath) => {
      for (
        // Before anything was asked for, and when there is something to take along.
        const fault of [
          toOpen,
          ((request, answer) =>
            request.headers.has("authorization") ? toOpen(request, answer) : undefined) as Fault,
        ]
      ) {
        encrypted.fault = fault;
        using client = new RepositoryClient(access, options({ configPath, environment }));
        await assertRejects(() => client.fetchManifest("t"), EnrootError, "401");
      }
    });
    assertEquals(open.requests.map(({ headers }) => headers.has("authorization")), [false, false]);
    assertEquals(encrypted.requests.map(({ headers }) => headers.has("authorization")), [
      false,
      false,
      true,
    ]);
  },
);

Deno.test("fetchManifest() goes on without credentials that nobody asked for", async () => {
  const login = { user: "me", password: "secret" };
  await using server = new RegistryServer({ auth: { scheme: "bearer", login } });
  server.push("a/b", "t", IMAGE);
  const home = Deno.makeTempDirSync();
  const auths = { [server.address]: { auth: btoa("me:outdated") } };
  Deno.writeTextFileSync(`${home}/config.json`, JSON.stringify({ auths }));
  try {
    const environment = { DOCKER_CONFIG: home };
    using client = connect(server, { environment });
    // This one does need credentials, so it is the anonymous request that is refused at last.
    await assertRejects(() => client.fetchManifest("t"), EnrootError, "anonymous access");
    server.fault = (request, answer) => {
      const authorization = request.headers.get("authorization");
      if (new URL(request.url).pathname === "/token") {
        return authorization === null ? Response.json({ token: "t" }) : answer();
      }
      return authorization === "Bearer t" ? new Response("{}") : undefined;
    };
    using second = connect(server, { environment });
    const lines = await capturedStderr(() => second.fetchManifest("t"));
    assertStringIncludes(lines.join(), "the credentials of me are not accepted); going on without");
    const access = { registry: server.address, repository: "a/b", user: "me" };
    using explicit = new RepositoryClient(access, options({ environment }));
    await assertRejects(() => explicit.fetchManifest("t"), EnrootError, "are not accepted");
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});
