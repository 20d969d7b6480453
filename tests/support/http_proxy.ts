/** A forward proxy on loopback (RFC 9110 section 9.3.6: CONNECT; absolute URLs for plain HTTP). */
export interface HttpProxy extends AsyncDisposable {
  readonly url: string;
  /** The first line of each request, and whether it came with credentials. */
  readonly requests: { line: string; authorized: boolean }[];
}

/** Starts a proxy that sends everything to one server, whatever host is asked for. */
export function startHttpProxy(target: { hostname: string; port: number }): HttpProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: HttpProxy["requests"] = [];
  const connections = new Set<Promise<void>>();
  const accepting = (async () => {
    for await (const client of listener) {
      const served = serve(client, { target, requests }).catch(() => {});
      connections.add(served);
    }
  })().catch(() => {});
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(connections);
    },
  };
}

async function serve(
  client: Deno.TcpConn,
  { target, requests }: {
    target: { hostname: string; port: number };
    requests: HttpProxy["requests"];
  },
): Promise<void> {
  using _client = client;
  const buffer = new Uint8Array(16 * 1024);
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const length = await client.read(buffer);
    if (length === null) return;
    head += String.fromCharCode(...buffer.subarray(0, length));
  }
  const [line = "", ...headers] = head.split("\r\n");
  const authorized = headers.some((header) => /^proxy-authorization:/i.test(header));
  requests.push({ line, authorized });
  using server = await Deno.connect(target);
  const encoder = new TextEncoder();
  if (line.startsWith("CONNECT ")) {
    await client.write(encoder.encode("HTTP/1.1 200 Connection established\r\n\r\n"));
  } else {
    await server.write(encoder.encode(head.replace(/^(\S+) http:\/\/[^/]+/, "$1 ")));
  }
  await Promise.race([copy(client, server), copy(server, client)]);
}

async function copy(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (;;) {
      const length = await from.read(buffer);
      if (length === null) return;
      for (let at = 0; at < length;) at += await to.write(buffer.subarray(at, length));
    }
  } catch {
    // The other direction has ended.
  }
}
