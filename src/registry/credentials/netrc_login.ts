import { namesOf } from "../http/registry_names.ts";
import { EnrootError, logWarning, messageOf } from "../../diagnostics/mod.ts";
import type { Login, LoginWish, Secret } from "./login.ts";
import { type NetrcEntry, parseNetrc } from "./netrc.ts";
import { isTokenServerOf } from "./token_servers.ts";

/**
 * Looks a login up in the text of a netrc file.
 *
 * The user is the one wished for, or the first of the registry. The token server's own entry for
 * that user goes before the registry's: sites have different secrets for the two. Since a hostile
 * registry can name any token server, and would be given the token, such an entry counts only where
 * the registry has one too, where a user was named, or where the two are known to belong together.
 *
 * @param file names it in what is shown
 */
export function findNetrcLogin(
  { file, text }: { file: string; text: string },
  wish: LoginWish,
): Login | undefined {
  const { tokenServer } = wish;
  const entries = parseNetrc(text);
  const registry = new Set(namesOf(wish.registry).map(withoutPort));
  const ofRegistry = entries.filter(({ machine }) => registry.has(machine));
  const ofTokenServer = entries.filter(({ machine }) => machine === tokenServer);
  const related = ofRegistry.length > 0 || wish.user !== undefined ||
    isTokenServerOf(wish.registry, tokenServer);
  if (!related) {
    if (ofTokenServer.length > 0) {
      logWarning(
        `Not using the login of ${tokenServer} for ${wish.registry}, which has none in ${file}: ` +
          "name a user to have it used",
      );
    }
    return undefined;
  }
  const user = wish.user ?? ofRegistry[0]?.login ?? ofTokenServer[0]?.login;
  const entry = [...ofTokenServer, ...ofRegistry].find(({ login }) => login === user);
  if (entry === undefined) return undefined;
  return {
    user: entry.login,
    file,
    owner: registry.has(entry.machine) ? "registry" : "token server",
    incidental: false,
    secret: () => secretOf(entry),
  };
}

function withoutPort(registry: string): string {
  return registry.replace(/:\d+$/, "");
}

async function secretOf({ machine, password }: NetrcEntry): Promise<Secret> {
  switch (password.kind) {
    case "literal":
      return { kind: "password", text: password.text };
    case "shell":
      return { kind: "password", text: await expand(password.words, machine) };
  }
}

/** Expands the words as a shell does, but for file names. */
async function expand(words: string, machine: string): Promise<string> {
  const failed = (why: string, cause?: unknown) =>
    new EnrootError(`Cannot evaluate the password for ${machine}: ${why}`, { cause });
  try {
    const { code, stdout } = await new Deno.Command("/bin/sh", {
      // `set -f` and printf: neither globbing nor echo's own reading of backslashes.
      args: ["-c", `set -ef; set -- ${words}\nprintf %s "$*"`],
      stdin: "inherit",
      stdout: "piped",
      stderr: "inherit",
    }).output();
    if (code !== 0) throw failed(`exit code ${code}`);
    const text = new TextDecoder().decode(stdout).trim();
    if (text === "") throw failed("empty");
    return text;
  } catch (cause) {
    throw cause instanceof EnrootError ? cause : failed(messageOf(cause), cause);
  }
}
