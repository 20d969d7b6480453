import { writeStdout } from "../diagnostics/mod.ts";

/** The program's version. Packages elsewhere ask for `enroot >= 3.1.0`. */
export const VERSION = "5.0.0";

/** Prints the version, alone on a line. */
export function version(): number {
  writeStdout(`${VERSION}\n`);
  return 0;
}
