import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { requiring } from "../../../tests/support/requires.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { type Descriptor, DigestBuilder } from "../../formats/oci/mod.ts";
import { OpensslContext } from "../../linux/mod.ts";
import {
  makeServingAuthorities,
  type TestCertificate,
} from "../../../tests/support/certificates.ts";
import { cutAfter, first, redirection, stallAfter } from "../../../tests/support/faults.ts";
import { startHttpProxy } from "../../../tests/support/http_proxy.ts";
import { RegistryServer, type RegistryServerOptions } from "../../../tests/support/registry.ts";
import { discard, readBody } from "./body.ts";
import { derOf, trustedCertificates } from "./certificates.ts";
import { RepositoryClient } from "../client.ts";
import { OpensslConnection } from "./openssl_connection.ts";
import { TransferError } from "./transfer_error.ts";
import { Transport } from "./transport.ts";

const authorities = makeServingAuthorities();
globalThis.addEventListener("unload", () => authorities?.[Symbol.dispose]());

function opensslTest(
  name: string,
  fn: (authorities: NonNullable<ReturnType<typeof makeServingAuthorities>>) => Promise<void>,
): void {
  Deno.test({
    ...requiring({ programs: ["openssl"], libssl: true }, name),
    fn: async () => {
      if (authorities !== undefined) await fn(authorities);
    },
  });
}

type Environment = Record<string, string | undefined>;

const PATIENCE = { connectTimeout: 5, transferTimeout: 60, allowHttp: false };

function transport(environment: Environment, { connectTimeout = 5 } = {}): Transport {
  return new Transport({ ...PATIENCE, connectTimeout, transferRetries: 0, environment });
}

function serve(
  { certificate, key }: TestCertificate,
  options: RegistryServerOptions = {},
): RegistryServer {
  const tls = { cert: Deno.readTextFileSync(certificate), key: Deno.readTextFileSync(key) };
  return new RegistryServer({ ...options, tls });
}

async function status(client: Transport, url: string, form?: URLSearchParams): Promise<number> {
  const { signal } = new AbortController();
  const answer = await client.send({ url: new URL(url), signal, ...(form && { form }) });
  await discard(answer);
  return answer.response.status;
}

opensslTest("send() trusts an authority that is named and serves itself", async ({ good }) => {
  await using server = serve(good);
  const home = Deno.makeTempDirSync();
  try {
    const kept = `${home}/.config/docker/certs.d/${server.address}`;
    Deno.mkdirSync(kept, { recursive: true });
    Deno.copyFileSync(good.certificate, `${kept}/ca.crt`);
    for (const environment of [{ SSL_CERT_FILE: good.certificate }, { HOME: home }]) {
      using client = transport(environment);
      const times = Array(3).fill(`${server.origin}/v2/`);
      assertEquals(await Promise.all(times.map((url) => status(client, url))), [200, 200, 200]);
    }
  } finally {
    Deno.removeSync(home, { recursive: true });
  }
});

opensslTest("send() goes to an authority that serves through a proxy", async ({ good }) => {
  await using server = serve(good);
  const [hostname = "", port] = server.address.split(":");
  await using proxy = startHttpProxy({ hostname, port: Number(port) });
  const https_proxy = proxy.url.replace("http://", "http://me:secret@");
  using client = transport({ SSL_CERT_FILE: good.certificate, https_proxy });
  assertEquals(await status(client, "https://registry.test/v2/"), 200);
  // First by the runtime's TLS, which refuses it.
  const line = "CONNECT registry.test:443 HTTP/1.1";
  assertEquals(proxy.requests, Array(2).fill({ line, authorized: true }));
});

opensslTest(
  "send() sends nothing to an authority that serves and is not the one named",
  async ({ good, other }) => {
    for (
      const { named, words, host = "127.0.0.1" } of [
        { named: undefined, words: /self.signed certificate/ },
        { named: other, words: /self.signed certificate/ },
        { named: good, words: /hostname mismatch/i, host: "localhost" },
      ]
    ) {
      await using server = serve(good);
      using client = transport(named === undefined ? {} : { SSL_CERT_FILE: named.certificate });
      const url = `${server.origin.replace("127.0.0.1", host)}/v2/`;
      const { message } = await assertRejects(() => status(client, url), EnrootError);
      assertStringIncludes(message, `Cannot reach ${url}: invalid peer certificate: `);
      assertMatch(message, words);
      assertEquals(server.requests, []);
    }
  },
);

opensslTest("open() makes sure of the server by itself", async ({ good, other, expired }) => {
  for (
    const { shown, trusted, hostname, words } of [
      { shown: good, trusted: [good], hostname: "127.0.0.1", words: undefined },
      { shown: good, trusted: [expired, other, good], hostname: "registry.test", words: undefined },
      { shown: expired, trusted: [expired], hostname: "registry.test", words: /has expired/ },
      { shown: good, trusted: [other], hostname: "registry.test", words: /self.signed/ },
      { shown: good, trusted: [], hostname: "registry.test", words: /self.signed/ },
      { shown: good, trusted: [good], hostname: "other.test", words: /hostname mismatch/i },
      { shown: good, trusted: [good], hostname: "127.0.0.2", words: /ip address mismatch/i },
      { shown: good, trusted: [good], hostname: "::1", words: /ip address mismatch/i },
    ]
  ) {
    await using server = serve(shown);
    using context = new OpensslContext(
      trusted.flatMap(({ certificate }) => trustedCertificates({ SSL_CERT_FILE: certificate }))
        .map(derOf),
    );
    const [address = "", port] = server.address.split(":");
    const carrier = await Deno.connect({ hostname: address, port: Number(port) });
    const { signal } = new AbortController();
    const opening = OpensslConnection.open(carrier, { context, hostname, signal });
    if (words === undefined) (await opening).close();
    else {
      const { message } = await assertRejects(() => opening, Error);
      assertMatch(message, /^invalid peer certificate: /);
      assertMatch(message, words);
    }
  }
});

for (const version of ["-tls1_2", "-tls1_3"]) {
  opensslTest(
    `send() refuses a server that has the certificate but not its key (${version})`,
    async ({ stolen }) => {
      const { port } = freeAddress();
      const server = new Deno.Command("openssl", {
        args: ["s_server", "-accept", `127.0.0.1:${port}`, "-www", "-quiet", version]
          .concat("-cert", stolen.certificate, "-key", stolen.key),
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        await untilListening(port);
        using client = transport({ SSL_CERT_FILE: stolen.certificate });
        const url = `https://127.0.0.1:${port}/`;
        const refused = () => status(client, url);
        const error = await assertRejects(refused, TransferError, "OpenSSL: bad signature");
        // Plain HTTP, where it is allowed, is not to be tried after that.
        assertEquals(error.failure, "final");
      } finally {
        server.kill("SIGKILL");
        await server.status;
      }
    },
  );
}

function freeAddress(): Deno.NetAddr {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr;
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

opensslTest(
  "send() gives up on an authority that serves and stops in the handshake",
  async ({ good }) => {
    await using server = serve(good);
    const [hostname = "", port] = server.address.split(":");
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    // The first connection gets to the server; the second is never answered.
    const serving = (async () => {
      {
        using connection = await listener.accept();
        using behind = await Deno.connect({ hostname, port: Number(port) });
        await Promise.race([
          connection.readable.pipeTo(behind.writable).catch(() => {}),
          behind.readable.pipeTo(connection.writable).catch(() => {}),
        ]);
      }
      using silent = await listener.accept();
      while (await silent.read(new Uint8Array(1000)) !== null);
    })();
    using client = transport({ SSL_CERT_FILE: good.certificate }, { connectTimeout: 1 });
    const url = `https://127.0.0.1:${listener.addr.port}/`;
    await assertRejects(() => status(client, url), EnrootError, "no answer for 1 s");
    await serving;
  },
);

opensslTest("send() posts forms to an authority that serves", async ({ good }) => {
  const bodies: string[] = [];
  await using server = serve(good, {
    fault: async (request) => {
      const type = request.headers.get("content-type");
      bodies.push(`${request.method} ${type} ${await request.text()}`);
      return new Response("{}");
    },
  });
  using client = transport({ SSL_CERT_FILE: good.certificate });
  const form = new URLSearchParams({ grant_type: "refresh_token", scope: "a b:ü&" });
  assertEquals(await status(client, `${server.origin}/token`, form), 200);
  const type = "application/x-www-form-urlencoded;charset=UTF-8";
  assertEquals(bodies, [`POST ${type} ${form}`]);
});

opensslTest("send() takes no credentials along from an authority that serves", async ({ good }) => {
  await using target = serve(good);
  await using server = serve(good, { fault: redirection(target.origin) });
  using client = transport({ SSL_CERT_FILE: good.certificate });
  const { signal } = new AbortController();
  const url = new URL(`${server.origin}/v2/`);
  await discard(await client.send({ url, authorization: "Basic c2VjcmV0", signal }));
  const seen = [server, target].map(({ requests }) =>
    requests.map(({ headers }) => headers.get("authorization"))
  );
  assertEquals(seen, [["Basic c2VjcmV0"], [null]]);
});

const BYTES = Uint8Array.from({ length: 300_000 }, (_, index) => index * 7);

// What is asked for without a token is refused, and so cut, first.
opensslTest("download() goes on after cuts with an authority that serves", async ({ good }) => {
  await using server = serve(good, {
    auth: { scheme: "bearer" },
    fault: first(3, /blobs/, cutAfter(100_000)),
  });
  const { digest, size } = server.pushBlob(BYTES);
  using client = new RepositoryClient(
    { registry: server.address, repository: "a/b", user: undefined },
    {
      ...PATIENCE,
      transferRetries: 3,
      configPath: "/nonexistent",
      environment: { SSL_CERT_FILE: good.certificate },
    },
  );
  const blob = { digest, size, mediaType: "", urls: [] } as unknown as Descriptor;
  const builder = new DigestBuilder();
  const download = {
    blob,
    size: 0,
    received: 0,
    write(bytes: Uint8Array) {
      builder.update(bytes);
      this.size += bytes.length;
      this.received += bytes.length;
      return Promise.resolve();
    },
    restart: () => Promise.reject(new Error("nothing is to be thrown away")),
  };
  await client.download(download);
  assertEquals(builder.finish(), digest);
  const ranges = server.requests.map(({ headers }) => headers.get("range"));
  assertEquals(ranges.filter((range) => range !== null), ["bytes=100000-", "bytes=200000-"]);
});

opensslTest("send() leaves no connection behind", async ({ good }) => {
  await using server = serve(good);
  const { digest } = server.pushBlob(BYTES);
  using client = transport({ SSL_CERT_FILE: good.certificate });
  const url = new URL(`${server.origin}/v2/a/blobs/${digest}`);
  const exchange = async (signal: AbortSignal) => {
    const answer = await client.send({ url, signal });
    assertEquals((await readBody(answer, BYTES.length)).length, BYTES.length);
  };
  const { signal } = new AbortController();
  await exchange(signal);
  const before = openDescriptors();
  for (let times = 0; times < 100; times++) await exchange(signal);
  server.fault = stallAfter(1000);
  for (let times = 0; times < 10; times++) {
    await assertRejects(() => exchange(AbortSignal.timeout(50)));
  }
  // The server closes its ends when it gets to it.
  for (let waited = 0; openDescriptors() > before && waited < 100; waited++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert(openDescriptors() <= before);
});

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
