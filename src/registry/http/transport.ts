import { EnrootError } from "../../diagnostics/mod.ts";
import { type Answer, discard } from "./body.ts";
import { exchangeAsSent } from "./exchange_as_sent.ts";
import { HttpClients } from "./http_clients.ts";
import { isAuthorityRefused, noAnswer } from "./network_failure.ts";
import { shownUrl } from "./redaction.ts";
import { type RetryPolicy, withRetries } from "./retry.ts";
import { TransferError } from "./transfer_error.ts";

/** How to transfer; times in seconds, Infinity for no limit. */
export interface TransportOptions {
  /** How long to wait for a server to answer for the first time, and for data to go on. */
  connectTimeout: number;
  /** How long one whole transfer may take, all attempts together. */
  transferTimeout: number;
  /** How many failures in a row to forgive. */
  transferRetries: number;
  /** Whether plain HTTP will do. */
  allowHttp: boolean;
  /** Where the proxy variables and those for certificates are. */
  environment: Record<string, string | undefined>;
}

/** One request. */
export interface HttpRequest {
  url: URL;
  headers?: Record<string, string>;
  /** An Authorization header: for this URL's own server and for no other. */
  authorization?: string | undefined;
  /** A form to be posted; without, the method is GET. */
  form?: URLSearchParams;
  /** Whether what comes must be the bytes that the server stores, a Content-Encoding of theirs kept. */
  asSent?: boolean;
  signal: AbortSignal;
}

const MAX_REDIRECTS = 10;
/**
 * A server known to be alive may take this many times as long to begin an answer, and to send the
 * whole of a document: registries that mirror others fetch what they are asked for first.
 */
const PATIENCE = 4;

/** HTTP with our rules: which server may see what, how long to wait, when to try again. */
export class Transport implements Disposable {
  readonly #options: TransportOptions;
  readonly #clients: HttpClients;
  readonly #alive = new Set<string>();
  /** The origins of servers whose answers `fetch` may have changed. */
  readonly #encoding = new Set<string>();
  readonly #underWay = new Set<AbortController>();

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#clients = new HttpClients(options.environment);
  }

  /** Ends every transfer under way. */
  [Symbol.dispose](): void {
    const reason = new TransferError("Transfer interrupted", { failure: "final" });
    for (const transfer of this.#underWay) transfer.abort(reason);
    this.#clients[Symbol.dispose]();
  }

  get allowHttp(): boolean {
    return this.#options.allowHttp;
  }

  /** Whether the server of this URL, by the protocol of this URL, has answered before. */
  hasAnswered({ origin }: URL): boolean {
    return this.#alive.has(origin);
  }

  /**
   * Carries out one transfer: attempts it as often as settings permit, within the time they permit.
   *
   * @param what names it in the error when time is up
   * @throws {TransferError} the last attempt's
   */
  async transfer<T>(
    what: string,
    { attempt, progress }: {
      attempt: (signal: AbortSignal) => Promise<T>;
      progress?: RetryPolicy["progress"];
    },
  ): Promise<T> {
    const { transferRetries: retries, transferTimeout: limit } = this.#options;
    const controller = new AbortController();
    const { signal } = controller;
    const timer = limit === Infinity ? undefined : setTimeout(() => {
      const message = `Cannot download ${what}: not finished after ${limit} s`;
      controller.abort(new TransferError(message, { failure: "final" }));
    }, limit * 1000);
    this.#underWay.add(controller);
    try {
      const policy = { retries, signal, ...(progress === undefined ? {} : { progress }) };
      return await withRetries(policy, () => attempt(signal));
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(controller);
    }
  }

  /**
   * Sends a request once, following redirects. Credentials go to the first server only.
   *
   * @returns the answer, whatever its status
   * @throws {TransferError} when there is none
   */
  async send(request: HttpRequest): Promise<Answer> {
    let { url, authorization } = request;
    for (let hops = 0;; hops++) {
      this.#checkProtocol(url);
      const answer = await this.#exchange({ ...request, url, authorization });
      const location = answer.response.headers.get("location");
      if (!isRedirect(answer.response.status) || location === null) return answer;
      await discard(answer);
      if (hops === MAX_REDIRECTS || request.form !== undefined) {
        throw new TransferError(`Cannot follow ${shownUrl(url)}: redirected too often`, {
          failure: "final",
        });
      }
      const next = redirectTarget(location, url);
      if (next.origin !== url.origin) authorization = undefined;
      url = next;
    }
  }

  #checkProtocol(url: URL): void {
    if (url.protocol === "https:") return;
    if (url.protocol !== "http:") throw new EnrootError(`Cannot use ${shownUrl(url)}: not HTTP`);
    if (!this.#options.allowHttp) {
      throw new EnrootError(
        `Cannot use ${shownUrl(url)}: not encrypted (ENROOT_ALLOW_HTTP permits plain HTTP)`,
      );
    }
  }

  /** Exchanges by whatever TLS the server's certificate needs. */
  async #exchange(request: HttpRequest): Promise<Answer> {
    const { url } = request;
    if (!this.#clients.goesByOpenssl(url)) {
      try {
        return await this.#exchangeByRuntime(request);
      } catch (error) {
        if (!isAuthorityRefused(error)) throw error;
        const obstacle = this.#clients.goByOpenssl(url);
        if (obstacle !== undefined) {
          const message = `${error.message} (the host's OpenSSL could take it, but ${obstacle})`;
          throw new TransferError(message, { failure: error.failure, cause: error });
        }
      }
    }
    return await this.#exchangeBy(asItWasSent, request);
  }

  async #exchangeByRuntime(request: HttpRequest): Promise<Answer> {
    const { url, asSent = false } = request;
    if (!asSent) return await this.#exchangeBy(viaFetch, request);
    if (!this.#encoding.has(url.origin)) {
      const answer = await this.#exchangeBy(viaFetch, request);
      const { response: { ok, headers } } = answer;
      // When `fetch` has undone an encoding it leaves out the header that told of it, and the length.
      if (!ok || headers.has("content-length")) return answer;
      await discard(answer);
      this.#encoding.add(url.origin);
    }
    return await this.#exchangeBy(asItWasSent, request);
  }

  async #exchangeBy(
    exchange: (request: PreparedRequest, clients: HttpClients) => Promise<Response>,
    { url, headers, authorization, form, signal }: HttpRequest,
  ): Promise<Answer> {
    const { connectTimeout } = this.#options;
    const limit = this.hasAnswered(url) ? connectTimeout * PATIENCE : connectTimeout;
    const timeout = new AbortController();
    const timer = limit === Infinity ? undefined : setTimeout(() => {
      timeout.abort(noAnswer(new Error(`no answer for ${limit} s`), url));
    }, limit * 1000);
    try {
      const response = await exchange({
        url,
        form,
        signal: AbortSignal.any([signal, timeout.signal]),
        headers: {
          "user-agent": "enroot",
          // What is hashed are the bytes that are stored, not what a proxy makes of them.
          "accept-encoding": "identity",
          ...headers,
          ...(authorization === undefined ? {} : { authorization }),
        },
      }, this.#clients);
      this.#alive.add(url.origin);
      return {
        response,
        url,
        stallLimit: connectTimeout,
        documentLimit: connectTimeout * PATIENCE,
        signal,
      };
    } catch (cause) {
      if (cause instanceof EnrootError) throw cause;
      throw noAnswer(cause, url);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A request as it goes out. */
interface PreparedRequest {
  url: URL;
  headers: Record<string, string>;
  form: URLSearchParams | undefined;
  signal: AbortSignal;
}

function viaFetch(
  { url, headers, form, signal }: PreparedRequest,
  clients: HttpClients,
): Promise<Response> {
  return fetch(url, {
    client: clients.clientFor(url),
    redirect: "manual",
    signal,
    headers,
    ...(form === undefined ? {} : { method: "POST", body: form }),
  });
}

function asItWasSent(
  { url, headers, form, signal }: PreparedRequest,
  clients: HttpClients,
): Promise<Response> {
  return exchangeAsSent({ url, headers, form, route: clients.routeTo(url), signal });
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function redirectTarget(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) {
    throw new TransferError(`Cannot follow ${shownUrl(from)}: redirected to no URL`, {
      failure: "final",
    });
  }
  const target = new URL(location, from);
  target.username = target.password = "";
  return target;
}
