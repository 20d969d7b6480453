import { EnrootError, logWarning } from "../diagnostics/mod.ts";
import { dockerConfigFiles, findDockerLogin } from "./docker_config.ts";
import type { Login, LoginWish, Secret } from "./login.ts";
import { findNetrcLogin } from "./netrc_login.ts";
import { askSecret } from "./prompt.ts";

/** Where credentials are. */
export interface CredentialOptions {
  /** Our own configuration directory, with `.credentials` in netrc syntax. */
  configPath: string;
  /** Where the variables are that name other tools' files. */
  environment: Record<string, string | undefined>;
}

/**
 * Finds out whom to authenticate as: in our own file, in docker's and podman's, and, for a user
 * named explicitly, by asking.
 *
 * @returns undefined when there is nobody: pull anonymously
 * @throws {EnrootError} when our own file cannot be read
 */
export async function findLogin(
  wish: LoginWish,
  { configPath, environment }: CredentialOptions,
): Promise<Login | undefined> {
  const ownFile = `${configPath}/.credentials`;
  const own = findNetrcLogin(ownFile, wish);
  if (own !== undefined) return own;
  for (const file of dockerConfigFiles(environment)) {
    try {
      const login = await findDockerLogin(file, wish);
      if (login !== undefined) return login;
    } catch (error) {
      // What is wrong with other tools' files, such as a helper that was left on another machine,
      // must not keep anybody from an image that needs no credentials.
      if (!(error instanceof EnrootError)) throw error;
      logWarning(error.message);
    }
  }
  const { user, registry } = wish;
  if (user === undefined) return undefined;
  return {
    user,
    file: undefined,
    incidental: false,
    secret: () => ask({ user, registry, file: ownFile }),
  };
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
