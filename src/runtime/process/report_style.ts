import { byteStringFromText } from "../../bytes/mod.ts";
import type { ReportStyle } from "../../linux/mod.ts";

/** Makes a failing syscall table report as the rest of the program does. */
export function reportStyle(remedy = ""): ReportStyle {
  return {
    prefix: Deno.stderr.isTerminal() ? "\x1b[1;31m[ERROR]\x1b[0m " : "[ERROR] ",
    suffix: byteStringFromText(`${remedy}\n`),
  };
}
