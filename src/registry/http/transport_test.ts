import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { gzipSync } from "node:zlib";
import { EnrootError } from "../../diagnostics/mod.ts";
import { capturedStderr } from "../../../tests/support/captured_stderr.ts";
import { makeCertificates } from "../../../tests/support/certificates.ts";
import { startHttpProxy } from "../../../tests/support/http_proxy.ts";
import { RegistryServer } from "../../../tests/support/registry.ts";
import { type Needs, requiring } from "../../../tests/support/requires.ts";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { discard, readBody } from "./body.ts";
import { trustedCertificates } from "./certificates.ts";
import { Transport } from "./transport.ts";

type Environment = Record<string, string | undefined>;

function transport(environment: Environment, { allowHttp = false, connectTimeout = 5 } = {}) {
  return new Transport({
    connectTimeout,
    transferTimeout: Infinity,
    transferRetries: 0,
    allowHttp,
    environment,
  });
}

async function status(client: Transport, url: string, { asSent = false } = {}): Promise<number> {
  const { signal } = new AbortController();
  const answer = await client.send({ url: new URL(url), asSent, signal });
  await discard(answer);
  return answer.response.status;
}

const certificates = makeCertificates();
const tls = certificates && {
  cert: Deno.readTextFileSync(certificates.certificate),
  key: Deno.readTextFileSync(certificates.key),
};
const paths = { authority: "", directory: "", ...certificates };
globalThis.addEventListener("unload", () => certificates?.[Symbol.dispose]());
const OPENSSL: Needs = { programs: ["openssl"] };

Deno.test({
  ...requiring(OPENSSL, "send() trusts the authorities that SSL_CERT_FILE and SSL_CERT_DIR name"),
  async fn() {
    await using server = new RegistryServer(tls && { tls });
    for (
      const environment of [
        { SSL_CERT_FILE: paths.authority },
        { SSL_CERT_DIR: `/nonexistent-but-empty:${paths.directory}`.replace(/^[^:]*:/, ":") },
        { SSL_CERT_FILE: "", SSL_CERT_DIR: paths.directory },
      ]
    ) {
      using client = transport(environment);
      assertEquals(await status(client, `${server.origin}/v2/`), 200);
    }
  },
});

Deno.test({
  ...requiring(
    OPENSSL,
    "send() refuses a certificate of an unknown authority, HTTP allowed or not",
  ),
  async fn() {
    await using server = new RegistryServer(tls && { tls });
    for (const allowHttp of [false, true]) {
      using client = transport({}, { allowHttp });
      const error = await assertRejects(
        () => status(client, `${server.origin}/v2/?secret`),
        EnrootError,
        "SSL_CERT_FILE",
      );
      assertEquals(error.message.includes("secret"), false);
    }
    assertEquals(server.requests.length, 0);
  },
});

Deno.test({
  ...requiring(OPENSSL, "send() trusts a server whose own certificate is named"),
  async fn() {
    const { certificate, key } = { certificate: "", key: "", ...certificates?.selfSigned };
    await using server = new RegistryServer({
      tls: { cert: Deno.readTextFileSync(certificate), key: Deno.readTextFileSync(key) },
    });
    using client = transport({ SSL_CERT_FILE: certificate });
    assertEquals(await status(client, `${server.origin}/v2/`), 200);
  },
});

Deno.test({
  ...requiring(OPENSSL, "send() trusts the authorities that are kept for a server in certs.d"),
  async fn() {
    await using server = new RegistryServer(tls && { tls });
    using temporary = makeTemporaryDirectory();
    const home = temporary.path;
    const base = `${home}/.config/containers/certs.d`;
    Deno.mkdirSync(`${base}/${server.address}`, { recursive: true });
    const url = `${server.origin}/v2/`;
    const reach = async (url: string) => {
      using client = transport({ HOME: home });
      return await status(client, url);
    };
    await assertRejects(() => reach(url), EnrootError, "invalid peer certificate");
    Deno.copyFileSync(paths.authority, `${base}/${server.address}/ca.crt`);
    Deno.writeTextFileSync(`${base}/${server.address}/README`, "no certificate");
    assertEquals(await reach(url), 200);
    // For that server, and no other.
    const other = url.replace("127.0.0.1", "localhost");
    await assertRejects(() => reach(other), EnrootError, "invalid peer certificate");
    Deno.renameSync(`${base}/${server.address}`, `${home}/certificates`);
    using client = transport({ HOME: "/", XDG_CONFIG_HOME: `${home}/.config` });
    Deno.renameSync(`${home}/certificates`, `${base}/${server.address}`);
    assertEquals(await status(client, url), 200);
  },
});

Deno.test({
  ...requiring(OPENSSL, "send() shows a server the client certificate that is kept for it"),
  async fn() {
    await using server = startMutualTls();
    using temporary = makeTemporaryDirectory();
    const home = temporary.path;
    const directory = `${home}/.config/containers/certs.d/127.0.0.1:${server.port}`;
    Deno.mkdirSync(directory, { recursive: true });
    const reach = async () => {
      using client = transport({ HOME: home, SSL_CERT_FILE: paths.authority });
      const url = `https://127.0.0.1:${server.port}/`;
      // Its answers tell no length, so that these are fetched by the other client as well.
      assertEquals(await status(client, url), await status(client, url, { asSent: true }));
      return await status(client, url);
    };
    await server.ready;
    await assertRejects(reach, EnrootError);
    Deno.copyFileSync(certificates?.certificate ?? "", `${directory}/client.cert`);
    const lines = await capturedStderr(() => assertRejects(reach, EnrootError));
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0] ?? "", `[WARN] Cannot read ${directory}/client.key`);
    Deno.copyFileSync(certificates?.key ?? "", `${directory}/client.key`);
    assertEquals(await reach(), 200);
    Deno.writeTextFileSync(`${directory}/client.key`, "no key");
    await assertRejects(reach, EnrootError, `the client certificate in ${directory}`);
  },
});

/** A server that wants a client certificate of the authority: openssl's, since ours has no such. */
function startMutualTls(): AsyncDisposable & { port: number; ready: Promise<void> } {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const child = new Deno.Command("openssl", {
    args: ["s_server", "-accept", `127.0.0.1:${port}`, "-www", "-quiet", "-Verify", "1"]
      .concat("-verify_return_error", "-CAfile", paths.authority)
      .concat("-cert", certificates?.certificate ?? "", "-key", certificates?.key ?? ""),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ready = (async () => {
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  })();
  return {
    port,
    ready,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

Deno.test({
  ...requiring(OPENSSL, "send() goes through the proxy that the environment names"),
  async fn() {
    await using server = new RegistryServer(tls && { tls });
    const [hostname = "", port] = server.address.split(":");
    await using proxy = startHttpProxy({ hostname, port: Number(port) });
    const environment = {
      SSL_CERT_FILE: paths.authority,
      https_proxy: proxy.url.replace("http://", "http://me:secret@"),
      no_proxy: "127.0.0.1",
    };
    {
      using client = transport(environment);
      assertEquals(await status(client, "https://registry.test/v2/"), 200);
      assertEquals(await status(client, `${server.origin}/v2/`), 200);
    }
    assertEquals(proxy.requests, [
      { line: "CONNECT registry.test:443 HTTP/1.1", authorized: true },
    ]);
  },
});

Deno.test("send() goes through the proxy for plain HTTP", async () => {
  await using server = new RegistryServer();
  const [hostname = "", port] = server.address.split(":");
  await using proxy = startHttpProxy({ hostname, port: Number(port) });
  {
    using client = transport({ http_proxy: proxy.url }, { allowHttp: true });
    assertEquals(await status(client, "http://registry.test/v2/"), 200);
  }
  assertEquals(proxy.requests, [{
    line: "GET http://registry.test/v2/ HTTP/1.1",
    authorized: false,
  }]);
});

Deno.test({
  ...requiring(OPENSSL, "send() gets bytes as they were sent, by TLS and through proxies too"),
  async fn() {
    const compressed = new Uint8Array(gzipSync("x".repeat(10_000)));
    const fault = () => {
      const headers = { "content-encoding": "gzip", "content-length": String(compressed.length) };
      return new Response(compressed, { headers });
    };
    await using plain = new RegistryServer({ fault });
    await using encrypted = new RegistryServer({ fault, ...(tls && { tls }) });
    const get = async (url: string, environment: Environment) => {
      using client = transport(environment, { allowHttp: true });
      const { signal } = new AbortController();
      const answer = await client.send({ url: new URL(url), asSent: true, signal });
      assertEquals(await readBody(answer, 1 << 20), compressed);
    };
    const trusting = { SSL_CERT_FILE: paths.authority };
    await get(`${plain.origin}/x`, {});
    await get(`${encrypted.origin}/x`, trusting);
    const error = await assertRejects(() => get(`${encrypted.origin}/x?secret`, {}), EnrootError);
    assertStringIncludes(error.message, "invalid peer certificate");

    for (const server of [plain, encrypted]) {
      const [hostname = "", port] = server.address.split(":");
      await using proxy = startHttpProxy({ hostname, port: Number(port) });
      const url = proxy.url.replace("http://", "http://me:s%20ecret@");
      const { protocol } = new URL(server.origin);
      await get(`${protocol}//registry.test/x`, { ...trusting, all_proxy: url });
      const line = protocol === "http:"
        ? "GET http://registry.test/x HTTP/1.1"
        : "CONNECT registry.test:443 HTTP/1.1";
      assertEquals(proxy.requests, Array(2).fill({ line, authorized: true }));
    }
  },
});

Deno.test("send() takes no malformed answer for bytes as they were sent", async () => {
  const answers = [
    "FTP/1.0 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nab",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcd\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
    "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nab",
    "HTTP/1.1 100 Continue\r\n\r\n",
    `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(100_000)}`,
    `HTTP/1.1 200 OK\r\nX: ${"y".repeat(500_000)}`,
  ];
  for (const answer of answers) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      // The first answer has neither a length nor an end.
      for (const text of ["HTTP/1.1 200 OK\r\n\r\n", answer]) {
        using connection = await listener.accept();
        await connection.read(new Uint8Array(10_000));
        const bytes = new TextEncoder().encode(text);
        try {
          for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
        } catch {
          // The client has had enough.
        }
      }
    })();
    using client = transport({}, { allowHttp: true });
    const url = new URL(`http://127.0.0.1:${listener.addr.port}/x`);
    const { signal } = new AbortController();
    const error = await assertRejects(async () => {
      await readBody(await client.send({ url, asSent: true, signal }), 1000);
    }, EnrootError);
    assertMatch(error.message, /^Cannot re(ach|ad all of) http:/);
    await serving;
  }
});

Deno.test("send() gives up on a server that does not answer", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = transport({}, { connectTimeout: 0.2 });
  const url = `https://127.0.0.1:${silent.addr.port}/v2/`;
  await assertRejects(() => status(client, url), EnrootError, "no answer for 0.2 s");
});

Deno.test("send() says what is wrong with a server that cannot be reached", async () => {
  using client = transport({});
  await assertRejects(
    () => status(client, "https://127.0.0.1:1/v2/"),
    EnrootError,
    "Cannot reach https://127.0.0.1:1/v2/: tcp connect error: Connection refused",
  );
  await assertRejects(() => status(client, "https://nowhere.invalid/"), EnrootError, "dns error");
  await assertRejects(() => status(client, "http://127.0.0.1:1/"), EnrootError, "not encrypted");
});

Deno.test("trustedCertificates() fails where a variable names nothing", () => {
  assertThrows(
    () => trustedCertificates({ SSL_CERT_FILE: "/nonexistent/file" }),
    EnrootError,
    "No such file or directory: /nonexistent/file",
  );
  assertThrows(() => trustedCertificates({ SSL_CERT_DIR: "/nonexistent/dir" }), EnrootError);
});

Deno.test({
  ...requiring(OPENSSL, "trustedCertificates() leaves out what is no certificate"),
  fn() {
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const file = Deno.makeTempFileSync();
    Deno.writeTextFileSync(file, broken + Deno.readTextFileSync(paths.authority) + broken);
    assertEquals(trustedCertificates({ SSL_CERT_FILE: file }).length, 1);
    Deno.removeSync(file);
  },
});
