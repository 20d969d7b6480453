import { EnrootError, messageOf } from "../../diagnostics/mod.ts";
import { hasOpenssl, OpensslContext } from "../../linux/mod.ts";
import { derOf, trustedCertificates } from "./certificates.ts";
import { type HostCertificates, hostCertificates } from "./host_certificates.ts";
import { proxyFor } from "./proxy.ts";

/** How to reach a server. */
export interface Route {
  proxy: URL | undefined;
  /** Authorities to trust besides those built in, in PEM. */
  caCerts: string[];
  /** What to show the server as ours, in PEM. */
  client: HostCertificates["client"];
  /** What to make TLS connections with instead of the runtime's own, which refuses this server. */
  openssl: OpensslContext | undefined;
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
  /** By origin, of servers that the runtime's TLS refuses for a reason that OpenSSL does not have. */
  readonly #openssl = new Map<string, OpensslContext>();
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
      openssl: this.#openssl.get(url.origin),
    };
  }

  /** Whether the server of a URL is reached by the host's OpenSSL. */
  goesByOpenssl({ origin }: URL): boolean {
    return this.#openssl.has(origin);
  }

  /**
   * From now on reaches the server of a URL by the host's OpenSSL, which verifies as much, and
   * trusts the certificates of the route and no others.
   *
   * @returns why that cannot be; undefined if it can
   */
  goByOpenssl(url: URL): string | undefined {
    if (this.goesByOpenssl(url)) return undefined;
    const { proxy, caCerts, client } = this.routeTo(url);
    if (client !== undefined) return "it is not used with a client certificate";
    if (proxy !== undefined && proxy.protocol !== "http:") {
      return `it is not used through a ${proxy.protocol} proxy`;
    }
    if (!hasOpenssl()) return "there is no libssl.so.3 or libssl.so.1.1";
    try {
      this.#openssl.set(url.origin, new OpensslContext(caCerts.map(derOf)));
    } catch (error) {
      return `it fails: ${messageOf(error)}`;
    }
    return undefined;
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
    for (const context of this.#openssl.values()) context[Symbol.dispose]();
    this.#openssl.clear();
  }
}
