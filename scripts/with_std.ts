/**
 * Runs Deno with `@std/*` from JSR, or where JSR is out of reach with the stand-ins in `offline/`.
 *
 *     deno run -A scripts/with_std.ts test -A        # runs `deno test [--import-map …] -A`
 *
 * Imports nothing that would have to be downloaded. What was found is kept in ENROOT_IMPORT_MAP
 * (empty for JSR) for the programs started from here, so that one run asks only once.
 */
import { fileURLToPath } from "node:url";

const OFFLINE_MAP = fileURLToPath(new URL("./offline/import_map.json", import.meta.url));
const JSR = "https://jsr.io/@std/assert/meta.json";
const PATIENCE_MS = 3000;

/** Corporate networks re-sign TLS with a certificate that only the system knows. */
const ENVIRONMENT = {
  DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "system,mozilla",
  DENO_NO_UPDATE_CHECK: "1",
};

async function main([subcommand, ...args]: string[]): Promise<number> {
  if (subcommand === undefined) {
    say("usage: with_std.ts SUBCOMMAND [ARG...]");
    return 1;
  }
  const map = Deno.env.get("ENROOT_IMPORT_MAP") ?? await chooseImportMap();
  const child = new Deno.Command(Deno.execPath(), {
    args: [subcommand, ...(map === "" ? [] : ["--import-map", map]), ...args],
    env: { ...ENVIRONMENT, ENROOT_IMPORT_MAP: map },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  // A terminal sends Ctrl-C to the child as well; it decides what becomes of both.
  Deno.addSignalListener("SIGINT", () => {});
  return (await child.status).code;
}

/** The import map to use, "" for none; says in one line which it is. */
async function chooseImportMap(): Promise<string> {
  if (await succeeds(["cache", "-q", "--cached-only", ...packagesFromJsr()])) {
    say("using @std from the cache");
    return "";
  }
  const probe =
    `const answer = await fetch("${JSR}", { signal: AbortSignal.timeout(${PATIENCE_MS}) });
    Deno.exit(answer.ok ? 0 : 1);`;
  if (await succeeds(["eval", probe])) {
    say("using @std from jsr.io");
    return "";
  }
  say("jsr.io is out of reach: using the stand-ins in scripts/offline");
  return OFFLINE_MAP;
}

function packagesFromJsr(): string[] {
  const config = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
  return Object.values<string>(config.imports).filter((specifier) => specifier.startsWith("jsr:"));
}

async function succeeds(args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    env: ENVIRONMENT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
