import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { trustedCertificates } from "./certificates.ts";
import { type HostCertificates, hostCertificates } from "./host_certificates.ts";
import { proxyFor } from "./proxy.ts";

/** How to reach a server. */
export interface Route {
  proxy: URL | undefined;
  /** Authorities to trust besides those built in, in PEM. */
  caCerts: string[];
  /** What to show the server as ours, in PEM. */
  client: HostCertificates["client"];
}

/**
 * Connections to servers, each through the proxy that the environment asks for and with the
 * certificates that are kept for it.
 */
export class HttpClients implements Disposable {
  readonly #environment: Record<string, string | undefined>;
  /** By proxy and directory of certificates. */
  readonly #clients = new Map<string, Deno.HttpClient>();
  /** By origin, of what is reached by TLS. */
  readonly #certificatesOf = new Map<string, HostCertificates | undefined>();
  #certificates: string[] | undefined;

  constructor(environment: Record<string, string | undefined>) {
    this.#environment = environment;
  }

  /** The client to reach a URL with. @throws {EnrootError} on an unusable setting */
  clientFor(url: URL): Deno.HttpClient {
    const proxy = proxyFor(url, this.#environment) ?? "";
    const own = this.#hostCertificates(url);
    const name = `${proxy}\n${own?.directory ?? ""}`;
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = this.#create(proxy, own);
      this.#clients.set(name, client);
    }
    return client;
  }

  /** How to reach a URL otherwise than with a client. @throws {EnrootError} on an unusable setting */
  routeTo(url: URL): Route {
    const proxy = proxyFor(url, this.#environment);
    const own = this.#hostCertificates(url);
    return {
      proxy: proxy === undefined ? undefined : new URL(proxy),
      caCerts: this.#trusted(own),
      client: own?.client,
    };
  }

  #hostCertificates(url: URL): HostCertificates | undefined {
    if (url.protocol !== "https:") return undefined;
    if (!this.#certificatesOf.has(url.origin)) {
      this.#certificatesOf.set(url.origin, hostCertificates(url, this.#environment));
    }
    return this.#certificatesOf.get(url.origin);
  }

  #create(proxy: string, own: HostCertificates | undefined): Deno.HttpClient {
    const caCerts = this.#trusted(own);
    try {
      return Deno.createHttpClient({
        // Parallel downloads share one HTTP/2 connection, and with it one congestion window.
        http2: false,
        caCerts,
        ...own?.client,
        ...(proxy === "" ? {} : { proxy: { url: proxy } }),
      });
    } catch (cause) {
      if (own?.client === undefined) throw cause;
      const what = `the client certificate in ${own.directory}`;
      throw new EnrootError(`Cannot use ${what}: ${messageOf(cause)}`, { cause });
    }
  }

  #trusted(own: HostCertificates | undefined): string[] {
    this.#certificates ??= trustedCertificates(this.#environment);
    return [...this.#certificates, ...own?.authorities ?? []];
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
