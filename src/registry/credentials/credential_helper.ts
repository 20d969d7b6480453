import { EnrootError, messageOf } from "../../diagnostics/mod.ts";
import type { Secret } from "./login.ts";
import { shownText } from "../http/redaction.ts";

/** The user name that stands for a secret which is an identity token. */
const TOKEN_USER = "<token>";

/**
 * Asks a credential helper, `docker-credential-NAME get`, by its protocol (docker-credential-helpers):
 * the server's name on standard input, JSON on standard output.
 *
 * @returns undefined when it has nothing for this server
 * @throws {EnrootError} when it cannot be run or fails
 */
export async function readCredentialHelper(
  name: string,
  server: string,
): Promise<{ user: string; secret: Secret } | undefined> {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    throw new EnrootError(`Invalid credential helper: ${shownText(name)}`);
  }
  const program = `docker-credential-${name}`;
  const { code, stdout } = await run(program, server);
  if (code !== 0) {
    const words = shownText(stdout);
    // The protocol has no other sign of it.
    if (/credentials not found/i.test(words)) return undefined;
    throw new EnrootError(
      `Cannot get credentials from ${program}: ${words || `exit code ${code}`}`,
    );
  }
  return parseAnswer(stdout, program);
}

async function run(program: string, server: string): Promise<{ code: number; stdout: string }> {
  try {
    const child = new Deno.Command(program, {
      args: ["get"],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = child.output();
    const writer = child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(`${server}\n`));
      await writer.close();
    } catch {
      // It did not read; what it says nevertheless decides.
    }
    const { code, stdout } = await output;
    return { code, stdout: new TextDecoder().decode(stdout) };
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new EnrootError(`Command not found: ${program}`, { cause });
    }
    throw new EnrootError(`Cannot run ${program}: ${messageOf(cause)}`, { cause });
  }
}

function parseAnswer(text: string, program: string): { user: string; secret: Secret } | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's message would quote the text, secret and all.
    throw new EnrootError(`Cannot get credentials from ${program}: its answer is not JSON`);
  }
  if (typeof document !== "object" || document === null) return undefined;
  const { Username: user, Secret: secret } = document as Record<string, unknown>;
  if (typeof user !== "string" || typeof secret !== "string" || secret === "") return undefined;
  const kind = user === TOKEN_USER ? "identity token" : "password";
  return { user, secret: { kind, text: secret } };
}
