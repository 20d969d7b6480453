import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Descriptor, DigestBuilder } from "../formats/oci/mod.ts";
import {
  cutAfter,
  first,
  flippedAt,
  redirection,
  refusal,
  shortenedBy,
  silence,
  stallAfter,
} from "../../tests/support/faults.ts";
import { capturedStderr } from "../../tests/support/captured_stderr.ts";
import { RegistryServer, type RegistryServerOptions } from "../../tests/support/registry.ts";
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
  Deno.writeTextFileSync(`${directory}/.credentials`, netrc);
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

Deno.test("fetchManifest() asks the token server for the scope of the challenge", async () => {
  await using server = new RegistryServer({ auth: { scheme: "bearer" } });
  server.push("a/b", "t", IMAGE);
  using client = connect(server);
  await client.fetchManifest("t");
  const request = server.requests.find(({ path }) => path.startsWith("/token"));
  const query = new URL(`http://x${request?.path}`).searchParams;
  assertEquals([...query], [["service", "test, service"], ["scope", "repository:a/b:pull,push"]]);
});

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
