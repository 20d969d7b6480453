import { logInfo, logWarning } from "../diagnostics/mod.ts";
import type { Answer } from "./body.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { type CredentialOptions, findLogin } from "./credentials.ts";
import type { Login } from "./login.ts";
import { basicAuthorization, requestToken, type TokenRequest } from "./token.ts";
import { TransferError } from "./transfer_error.ts";
import type { Transport } from "./transport.ts";

/** What access is wanted to. */
export interface Access {
  registry: string;
  repository: string;
  user: string | undefined;
}

/**
 * The right to pull from one repository: gets it when the server asks, and again when it expires.
 */
export class Authenticator {
  readonly #access: Access;
  readonly #credentials: CredentialOptions;
  readonly #transport: Transport;
  #authorization: string | undefined;
  #login: Promise<Login | undefined> | undefined;
  #renewal: Promise<boolean> | undefined;
  #granted = false;

  constructor(
    access: Access,
    { credentials, transport }: { credentials: CredentialOptions; transport: Transport },
  ) {
    this.#access = access;
    this.#credentials = credentials;
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
    { response, signal }: Answer,
  ): Promise<boolean> {
    if (refused !== this.#authorization) return Promise.resolve(true);
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    this.#renewal ??= this.#obtain(challenges, signal).finally(() => this.#renewal = undefined);
    return this.#renewal;
  }

  /** Takes note that the server has let us in, and says so the first time. */
  succeeded(): void {
    if (this.#granted) return;
    this.#granted = true;
    logInfo(this.#authorization === undefined ? "Permission granted" : "Authentication succeeded");
  }

  async #obtain(challenges: Challenge[], signal: AbortSignal): Promise<boolean> {
    const bearer = challenges.find(({ scheme, parameters }) =>
      scheme === "bearer" && URL.canParse(parameters.get("realm") ?? "")
    );
    const basic = challenges.some(({ scheme }) => scheme === "basic");
    if (bearer === undefined && !basic) return false;
    const realm = bearer && new URL(bearer.parameters.get("realm") ?? "");
    const before = this.#authorization;

    const login = await (this.#login ??= this.#logIn(realm?.hostname));
    if (realm !== undefined && bearer !== undefined) {
      const scope = bearer.parameters.get("scope") ??
        (realm.searchParams.has("scope") ? "" : `repository:${this.#access.repository}:pull`);
      const token = await this.#token(login, {
        request: {
          realm,
          service: bearer.parameters.get("service"),
          scopes: scope.split(" ").filter((word) => word !== ""),
        },
        signal,
      });
      this.#authorization = `Bearer ${token}`;
    } else if (login !== undefined) {
      const { text } = await login.secret();
      this.#authorization = basicAuthorization(login.user, text);
    }
    return this.#authorization !== before;
  }

  async #token(
    login: Login | undefined,
    { request, signal }: { request: Omit<TokenRequest, "login">; signal: AbortSignal },
  ): Promise<string> {
    const options = { transport: this.#transport, signal };
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
      // A forgotten login of long ago must not keep anybody from an image that needs none.
      logWarning(`${error.message}; going on without`);
      this.#login = Promise.resolve(undefined);
      return await this.#token(undefined, { request, signal });
    }
  }

  async #logIn(tokenServer: string | undefined): Promise<Login | undefined> {
    const login = await findLogin({ ...this.#access, tokenServer }, this.#credentials);
    logInfo(`Authenticating with user: ${login?.user ?? "<anonymous>"}`);
    if (login?.file !== undefined) logInfo(`Using credentials from file: ${login.file}`);
    if (login === undefined) return undefined;
    let secret: ReturnType<Login["secret"]> | undefined;
    return { ...login, secret: () => secret ??= login.secret() };
  }
}
