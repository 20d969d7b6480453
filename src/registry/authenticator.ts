import { EnrootError, logInfo, logWarning } from "../diagnostics/mod.ts";
import type { Answer } from "./http/body.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { type CredentialOptions, Credentials } from "./credentials/credentials.ts";
import type { Login } from "./credentials/login.ts";
import { shownUrl } from "./http/redaction.ts";
import { basicAuthorization, requestToken, type TokenRequest } from "./token.ts";
import { TransferError } from "./http/transfer_error.ts";
import type { Transport } from "./http/transport.ts";

/** What access is wanted to. */
export interface Access {
  registry: string;
  repository: string;
  user: string | undefined;
}

/**
 * The right to pull from one repository: gets it when the server asks, and again when it expires.
 *
 * The server that asks may be hostile: it can name any token server, ask for any scope, and ask
 * otherwise the second time. So a login is looked up for each server that it would go to, goes there
 * only, and nothing is ever asked for but to pull from this repository.
 */
export class Authenticator {
  readonly #access: Access;
  readonly #credentials: Credentials;
  readonly #transport: Transport;
  #authorization: string | undefined;
  /** By the origin of the token server; under an empty name, the one for the registry itself. */
  readonly #logins = new Map<string, Promise<Login | undefined>>();
  #renewal: Promise<boolean> | undefined;
  #granted = false;

  constructor(
    access: Access,
    { credentials, transport }: { credentials: CredentialOptions; transport: Transport },
  ) {
    this.#access = access;
    this.#credentials = new Credentials(credentials);
    this.#transport = transport;
  }

  /** The Authorization header to send now. */
  get authorization(): string | undefined {
    return this.#authorization;
  }

  /**
   * Answers a 401: gets another Authorization header. Requests that were refused at the same time
   * share one answer.
   *
   * @param refused the header that the refused request had
   * @returns whether there is now another one worth trying
   * @throws {EnrootError} when credentials cannot be had, or are refused by the token server
   */
  renew(
    refused: string | undefined,
    { response, url, signal }: Answer,
  ): Promise<boolean> {
    if (refused !== this.#authorization) return Promise.resolve(true);
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    this.#renewal ??= this.#obtain(challenges, { registry: url, signal })
      .finally(() => this.#renewal = undefined);
    return this.#renewal;
  }

  /** Takes note that the server has let us in, and says so the first time. */
  succeeded(): void {
    if (this.#granted) return;
    this.#granted = true;
    logInfo(this.#authorization === undefined ? "Permission granted" : "Authentication succeeded");
  }

  async #obtain(
    challenges: Challenge[],
    { registry, signal }: { registry: URL; signal: AbortSignal },
  ): Promise<boolean> {
    const before = this.#authorization;
    for (const { scheme, parameters } of challenges) {
      if (scheme !== "bearer") continue;
      const realm = tokenServerIn(parameters.get("realm") ?? "");
      if (realm === undefined) continue;
      this.#authorization = `Bearer ${await this.#token(parameters.get("service"), {
        realm,
        registry,
        signal,
      })}`;
      return this.#authorization !== before;
    }
    if (!challenges.some(({ scheme }) => scheme === "basic")) return false;
    const login = await this.#loginFor();
    if (login !== undefined) {
      const { text } = await login.secret();
      this.#authorization = basicAuthorization(login.user, text);
    }
    return this.#authorization !== before;
  }

  async #token(
    service: string | undefined,
    { realm, registry, signal }: { realm: URL; registry: URL; signal: AbortSignal },
  ): Promise<string> {
    const login = await this.#loginFor(realm);
    const encrypted = realm.protocol === "https:";
    if (!encrypted && (registry.protocol === "https:" || login?.owner === "token server")) {
      throw new EnrootError(
        `Cannot authenticate: ${registry.host} names a token server without encryption: ${
          shownUrl(realm)
        }`,
      );
    }
    const options = { transport: this.#transport, signal };
    const request: Omit<TokenRequest, "login"> = {
      realm,
      service,
      scope: `repository:${this.#access.repository}:pull`,
    };
    if (login === undefined) return requestToken({ ...request, login }, options);
    const { user } = login;
    try {
      return await requestToken(
        { ...request, login: { user, secret: await login.secret() } },
        options,
      );
    } catch (error) {
      const refused = error instanceof TransferError && error.failure === "final";
      if (!login.incidental || !refused) throw error;
      // A forgotten login of long ago must not keep the caller from an image that needs none.
      logWarning(`${error.message}; going on without`);
      this.#logins.set(realm.origin, Promise.resolve(undefined));
      return await requestToken({ ...request, login: undefined }, options);
    }
  }

  /** The login to send to a token server, or to the registry itself. */
  #loginFor(tokenServer?: URL): Promise<Login | undefined> {
    const key = tokenServer?.origin ?? "";
    let login = this.#logins.get(key);
    if (login === undefined) {
      login = this.#findLogin(tokenServer?.hostname);
      this.#logins.set(key, login);
    }
    return login;
  }

  async #findLogin(tokenServer: string | undefined): Promise<Login | undefined> {
    const login = await this.#credentials.findLogin({ ...this.#access, tokenServer });
    logInfo(`Authenticating with user: ${login?.user ?? "<anonymous>"}`);
    if (login?.file !== undefined) logInfo(`Using credentials from file: ${login.file}`);
    if (login === undefined) return undefined;
    let secret: ReturnType<Login["secret"]> | undefined;
    return { ...login, secret: () => secret ??= login.secret() };
  }
}

/**
 * The token server that a challenge's realm names, without what a registry has no say in: a user, a
 * password, and scopes beside the one that we ask for.
 */
function tokenServerIn(realm: string): URL | undefined {
  if (!URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  url.username = url.password = "";
  url.searchParams.delete("scope");
  return url;
}
