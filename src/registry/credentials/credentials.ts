import { EnrootError, logWarning } from "../../diagnostics/mod.ts";
import { dockerConfigFiles, findDockerLogin } from "./docker_config.ts";
import type { Login, LoginWish, Secret } from "./login.ts";
import { findNetrcLogin } from "./netrc_login.ts";
import { readIfPresent, warnIfExposed } from "./private_file.ts";
import { askSecret } from "./prompt.ts";

/** Where credentials are. */
export interface CredentialOptions {
  /** Our own configuration directory, with `.credentials` in netrc syntax. */
  configPath: string;
  /** Where the variables are that name other tools' files. */
  environment: Record<string, string | undefined>;
}

/** Where logins are looked up. */
export class Credentials {
  readonly #file: string;
  readonly #environment: CredentialOptions["environment"];
  /** What is in our own file, once it has been read. */
  #own: { text: string | undefined } | undefined;

  constructor({ configPath, environment }: CredentialOptions) {
    this.#file = `${configPath}/.credentials`;
    this.#environment = environment;
  }

  /**
   * Finds out whom to authenticate as: in our own file, in docker's and podman's, and, for a user
   * named explicitly, by asking.
   *
   * @returns undefined when there is no login: pull anonymously
   * @throws {EnrootError} when our own file cannot be read
   */
  async findLogin(wish: LoginWish): Promise<Login | undefined> {
    const file = this.#file;
    const text = this.#ownText();
    const own = text === undefined ? undefined : findNetrcLogin({ file, text }, wish);
    if (own !== undefined) return own;
    for (const file of dockerConfigFiles(this.#environment)) {
      try {
        const login = await findDockerLogin(file, wish);
        if (login !== undefined) return login;
      } catch (error) {
        // What is wrong with other tools' files, such as a helper that was left on another machine,
        // must not keep the caller from an image that needs no credentials.
        if (!(error instanceof EnrootError)) throw error;
        logWarning(error.message);
      }
    }
    const { user, registry } = wish;
    if (user === undefined) return undefined;
    return {
      user,
      file: undefined,
      owner: "registry",
      incidental: false,
      secret: () => ask({ user, registry, file }),
    };
  }

  #ownText(): string | undefined {
    if (this.#own === undefined) {
      this.#own = { text: readIfPresent(this.#file) };
      if (this.#own.text !== undefined) warnIfExposed(this.#file);
    }
    return this.#own.text;
  }
}

async function ask(
  { user, registry, file }: { user: string; registry: string; file: string },
): Promise<Secret> {
  const text = await askSecret(`Enter password for user ${user} at ${registry}: `);
  if (text !== undefined) return { kind: "password", text };
  throw new EnrootError(
    `Cannot authenticate as ${user} at ${registry}: no password in ${file}, and no terminal to ask on`,
  );
}
