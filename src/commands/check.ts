import { ensureRuntimeDirectory } from "../config/mod.ts";
import { writeStdout } from "../diagnostics/mod.ts";
import { type Finding, findingsOfHost } from "../runtime/mod.ts";
import type { Context } from "./context.ts";

/** Prints what the host has and lacks for running containers, one line each. */
export async function check({ settings, environment }: Context): Promise<number> {
  const findings = await findingsOfHost({
    path: environment["PATH"] ?? "",
    directory: ensureRuntimeDirectory(settings),
  });
  writeStdout(findings.map(formatFinding).join(""));
  return findings.some(({ required, problem }) => required && problem !== null) ? 1 : 0;
}

function formatFinding({ name, required, problem }: Finding): string {
  const what = `${name}${required ? "" : " (optional)"}`;
  return problem === null ? `OK ${what}\n` : `KO ${what}: ${problem}\n`;
}
