/** Ways in which networks and registries fail, for {@link RegistryServer}. */
import type { Fault } from "./registry.ts";

/** The first requests whose path matches get another fault; all others none. */
export function first(times: number, path: RegExp, fault: Fault): Fault {
  let left = times;
  return (request, answer) => {
    if (left === 0 || !path.test(new URL(request.url).pathname)) return undefined;
    left--;
    return fault(request, answer);
  };
}

/** The connection breaks after so many bytes of the body. */
export function cutAfter(bytes: number): Fault {
  return (_request, answer) =>
    changed(answer(), (body) => ({
      bytes: body.subarray(0, bytes),
      then: (controller) => controller.error(new Error("cut")),
    }));
}

/** No more bytes come after so many, and the connection stays. */
export function stallAfter(bytes: number): Fault {
  return (_request, answer) =>
    changed(answer(), (body) => ({ bytes: body.subarray(0, bytes), then: () => {} }));
}

/** The body comes byte by byte, so many seconds apart. */
export function dripping(seconds: number): Fault {
  return async (_request, answer) => {
    const response = answer();
    const body = new Uint8Array(await response.arrayBuffer());
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
        try {
          if (at < body.length) controller.enqueue(body.subarray(at, ++at));
          else controller.close();
        } catch {
          // The client has gone away meanwhile.
        }
      },
    });
    return new Response(stream, response);
  };
}

/**
 * The body comes with `Content-Encoding: gzip`, as object stores send what was stored so, and with
 * its length unless it comes in chunks.
 */
export function encoded(
  { chunked = false, fault }: { chunked?: boolean; fault?: Fault } = {},
): Fault {
  return async (request, answer) => {
    const response = await fault?.(request, answer) ?? answer();
    const headers = new Headers(response.headers);
    headers.set("content-encoding", "gzip");
    if (headers.has("content-length")) {
      return new Response(response.body, { status: response.status, headers });
    }
    const body = new Uint8Array(await response.arrayBuffer());
    if (!chunked) headers.set("content-length", String(body.length));
    const stream = new Blob([body]).stream();
    return new Response(chunked ? stream : body, { status: response.status, headers });
  };
}

/** The body ends early, and the registry says it is whole. */
export function shortenedBy(bytes: number): Fault {
  return async (_request, answer) => {
    const response = answer();
    const body = new Uint8Array(await response.arrayBuffer());
    return new Response(body.subarray(0, body.length - bytes), response);
  };
}

/** One bit of the body is another. */
export function flippedAt(offset: number): Fault {
  return async (_request, answer) => {
    const response = answer();
    // The buffer may be the registry's own.
    const body = new Uint8Array(await response.arrayBuffer()).slice();
    body[offset] = (body[offset] ?? 0) ^ 1;
    return new Response(body, response);
  };
}

/** The registry refuses. */
export function refusal(status: number, headers: Record<string, string> = {}): Fault {
  const errors = [{ code: "FAULT", message: "as told" }];
  return () => Response.json({ errors }, { status, headers });
}

/** The registry never answers, until the client goes away. */
export function silence(): Fault {
  return (request) =>
    new Promise((resolve) => {
      request.signal.addEventListener("abort", () => resolve(new Response(null)));
    });
}

/** The registry sends the client to another server, path and all. */
export function redirection(origin: string, query = ""): Fault {
  return (request) => {
    const { pathname } = new URL(request.url);
    return new Response(null, { status: 307, headers: { location: origin + pathname + query } });
  };
}

interface Change {
  bytes: Uint8Array;
  then: (controller: ReadableStreamDefaultController<Uint8Array>) => void;
}

/** The response with the length it would have, but another course of events. */
async function changed(
  response: Response,
  change: (body: Uint8Array) => Change,
): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer());
  const { bytes, then } = change(body);
  const headers = new Headers(response.headers);
  headers.set("content-length", String(body.length));
  let sent = false;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent || bytes.length === 0) {
        // What was sent shall arrive before anything else happens.
        await new Promise((resolve) => setTimeout(resolve, 50));
        return then(controller);
      }
      sent = true;
      controller.enqueue(bytes);
    },
  });
  return new Response(stream, { status: response.status, headers });
}
