import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { makeCertificates } from "../../tests/support/certificates.ts";
import { startHttpProxy } from "../../tests/support/http_proxy.ts";
import { RegistryServer } from "../../tests/support/registry.ts";
import { type Needs, requiring } from "../../tests/support/requires.ts";
import { discard } from "./body.ts";
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

async function status(client: Transport, url: string): Promise<number> {
  const answer = await client.send({ url: new URL(url), signal: new AbortController().signal });
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
