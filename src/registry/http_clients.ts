import { trustedCertificates } from "./certificates.ts";
import { proxyFor } from "./proxy.ts";

/** Connections to servers, each through the proxy that the environment asks for. */
export class HttpClients implements Disposable {
  readonly #environment: Record<string, string | undefined>;
  readonly #clients = new Map<string, Deno.HttpClient>();
  #certificates: string[] | undefined;

  constructor(environment: Record<string, string | undefined>) {
    this.#environment = environment;
  }

  /** The client to reach a URL with. @throws {EnrootError} on an unusable setting */
  clientFor(url: URL): Deno.HttpClient {
    const proxy = proxyFor(url, this.#environment) ?? "";
    let client = this.#clients.get(proxy);
    if (client === undefined) {
      client = this.#create(proxy);
      this.#clients.set(proxy, client);
    }
    return client;
  }

  #create(proxy: string): Deno.HttpClient {
    this.#certificates ??= trustedCertificates(this.#environment);
    return Deno.createHttpClient({
      // Parallel downloads share one HTTP/2 connection, and with it one congestion window.
      http2: false,
      caCerts: this.#certificates,
      ...(proxy === "" ? {} : { proxy: { url: proxy } }),
    });
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
