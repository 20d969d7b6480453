import { confFilePath } from "../config/mod.ts";
import { writeStdout } from "../diagnostics/mod.ts";
import type { Context } from "./context.ts";
import { VERSION } from "./version.ts";

/** Prints the version, the configuration file and every `ENROOT_*` setting in force. */
export function info({ settings, environment }: Context): number {
  const variables = [...settings.variables]
    .filter(([name]) => name.startsWith("ENROOT_"))
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, value]) => `  ${name}=${value}\n`);
  writeStdout(
    `Enroot version: ${VERSION}\nConfig file: ${confFilePath(environment)}\n\n` +
      `Environment variables:\n${variables.join("")}`,
  );
  return 0;
}
