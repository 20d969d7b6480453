import { EnrootError } from "../../diagnostics/mod.ts";
import type { Route } from "./http_clients.ts";
import { OpensslConnection } from "./openssl_connection.ts";
import { type Connection, SocketReader } from "./socket_reader.ts";

/** The most bytes of a status line and headers. */
const MAX_HEAD = 256 * 1024;

/**
 * Gets a URL, or posts a form to it, and takes the bytes of the body as they were sent: `fetch`
 * undoes a Content-Encoding whatever it was asked for, and a blob that lies in an object store with
 * `Content-Encoding: gzip` would have another digest. Nor can `fetch` go by the host's OpenSSL, as
 * the route may say. HTTP/1.1 (RFC 9112), one connection for each request.
 *
 * @throws {Error} when there is no answer
 */
export async function exchangeAsSent(
  { url, headers, form, route, signal }: {
    url: URL;
    headers: Record<string, string>;
    form: URLSearchParams | undefined;
    route: Route;
    signal: AbortSignal;
  },
): Promise<Response> {
  const connection = await unlessAborted(connect(url, { route, signal }), signal);
  const close = () => {
    signal.removeEventListener("abort", close);
    try {
      connection.close();
    } catch {
      // It was closed before.
    }
  };
  signal.addEventListener("abort", close);
  try {
    // An absolute URL is for a proxy (RFC 9112 section 3.2.2).
    const forwarded = url.protocol === "http:" && route.proxy !== undefined;
    const target = `${forwarded ? url.origin : ""}${url.pathname}${url.search}`;
    const body = form?.toString() ?? "";
    await send(connection, `${form === undefined ? "GET" : "POST"} ${target} HTTP/1.1`, {
      headers: {
        host: url.host,
        connection: "close",
        ...(forwarded ? proxyAuthorization(route) : {}),
        ...(form === undefined ? {} : {
          "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
          "content-length": String(body.length),
        }),
        ...headers,
      },
      body,
    });
    const reader = new SocketReader(connection);
    const head = await readHead(reader);
    return responseOf(head, { reader, close });
  } catch (error) {
    close();
    throw signal.aborted ? signal.reason : error;
  }
}

async function connect(
  url: URL,
  { route, signal }: { route: Route; signal: AbortSignal },
): Promise<Connection> {
  const { proxy, caCerts, client, openssl } = route;
  const encrypted = url.protocol === "https:";
  const server = { hostname: hostOf(url), port: Number(url.port) || (encrypted ? 443 : 80) };
  const { hostname } = server;
  if (proxy === undefined) {
    if (!encrypted) return await Deno.connect(server);
    if (openssl !== undefined) {
      const carrier = await Deno.connect(server);
      return await OpensslConnection.open(carrier, { context: openssl, hostname, signal });
    }
    const connection = await Deno.connectTls({ ...server, caCerts, ...client });
    return await shakeHands(connection);
  }
  if (proxy.protocol !== "http:" || client !== undefined) {
    throw new EnrootError(
      `Cannot get what ${url.host} stores with a Content-Encoding through ${
        proxy.protocol === "http:"
          ? "a proxy with a client certificate"
          : `a ${proxy.protocol} proxy`
      }`,
    );
  }
  const connection = await Deno.connect({
    hostname: hostOf(proxy),
    port: Number(proxy.port) || 80,
  });
  if (!encrypted) return connection;
  try {
    const authority = `${url.hostname}:${server.port}`;
    await send(connection, `CONNECT ${authority} HTTP/1.1`, {
      headers: { host: authority, ...proxyAuthorization(route) },
    });
    // The server says nothing before we do: all that there is to read is the proxy's answer.
    const { status } = await readHead(new SocketReader(connection));
    if (status !== 200) throw new Error(`the proxy answers ${status}`);
    if (openssl !== undefined) {
      return await OpensslConnection.open(connection, { context: openssl, hostname, signal });
    }
    return await shakeHands(await Deno.startTls(connection, { hostname, caCerts }));
  } catch (error) {
    try {
      connection.close();
    } catch {
      // TLS has taken it over, and has closed it.
    }
    throw error;
  }
}

async function shakeHands(connection: Deno.TlsConn): Promise<Deno.TlsConn> {
  try {
    await connection.handshake();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** An address without the brackets that URLs have around IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function proxyAuthorization({ proxy }: Route): Record<string, string> {
  if (proxy === undefined || proxy.username === "") return {};
  const [user, password] = [proxy.username, proxy.password].map(decodeURIComponent);
  return { "proxy-authorization": `Basic ${btoa(`${user}:${password}`)}` };
}

/** What a promise gives, or the reason of the signal if that comes first. */
async function unlessAborted<T extends Disposable>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    if (signal.aborted) abort();
    return await Promise.race([promise, aborted]);
  } catch (error) {
    promise.then((late) => late[Symbol.dispose](), () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function send(
  connection: Connection,
  line: string,
  { headers, body = "" }: { headers: Record<string, string>; body?: string },
): Promise<void> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = new TextEncoder().encode(`${line}\r\n${lines.join("")}\r\n${body}`);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

interface Head {
  status: number;
  statusText: string;
  headers: Headers;
}

/** Reads the status line and headers of the answer, passing over those that announce it. */
async function readHead(reader: SocketReader): Promise<Head> {
  let size = 0;
  const line = async () => {
    const text = await reader.line();
    size += text.length + 2;
    if (size > MAX_HEAD) throw new Error("headers without end");
    return text;
  };
  for (;;) {
    const first = await line();
    const [, code = "", statusText = ""] = /^HTTP\/1\.\d ([1-5]\d\d)(?: (.*))?$/.exec(first) ?? [];
    if (code === "") throw new Error("it does not speak HTTP/1.1");
    const headers = new Headers();
    for (let text = await line(); text !== ""; text = await line()) {
      const [, name = "", value = ""] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(text) ?? [];
      headers.append(name, value);
    }
    const status = Number(code);
    if (status >= 200) return { status, statusText, headers };
  }
}

function responseOf(
  { status, statusText, headers }: Head,
  { reader, close }: { reader: SocketReader; close: () => void },
): Response {
  const empty = status === 204 || status === 205 || status === 304;
  if (empty) close();
  const chunks = bodyOf(headers, reader);
  const body = empty ? null : new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      close();
    },
    cancel: close,
  });
  return new Response(body, { status, statusText, headers });
}

/** The bytes of a body (RFC 9112 section 6.3). */
function bodyOf(headers: Headers, reader: SocketReader): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    if (coding.toLowerCase() === "chunked") return chunked(reader);
    throw new Error(`transfer encoding ${coding}`);
  }
  const length = headers.get("content-length");
  if (length === null) return upTo(reader, Infinity);
  if (/^\d{1,15}$/.test(length)) return upTo(reader, Number(length));
  throw new Error("a length that is none");
}

async function* chunked(reader: SocketReader): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(await reader.line())?.[1];
    if (size === undefined) throw new Error("a malformed chunk");
    // Trailers say nothing that matters, and the connection ends with them.
    if (/^0+$/.test(size)) return;
    yield* upTo(reader, parseInt(size, 16));
    if (await reader.line() !== "") throw new Error("a malformed chunk");
  }
}

/** So many bytes; Infinity for all there are. */
async function* upTo(
  reader: SocketReader,
  length: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let left = length; left > 0;) {
    const bytes = await reader.some(left);
    if (bytes === null) {
      if (left === Infinity) return;
      throw new Error("connection closed before message completed");
    }
    left -= bytes.length;
    yield bytes;
  }
}
