import { writeLines } from "./status_line.ts";

/** Logs what is being done. */
export function logInfo(message: string): void {
  writeLine("INFO", "34", message);
}

/** Logs something the user should look at, although the command goes on. */
export function logWarning(message: string): void {
  writeLine("WARN", "33", message);
}

/** Logs why the command ends. Called once, by the command line. */
export function logError(message: string): void {
  writeLine("ERROR", "31", message);
}

function writeLine(label: string, colour: string, message: string): void {
  const prefix = Deno.stderr.isTerminal() ? `\x1b[1;${colour}m[${label}]\x1b[0m` : `[${label}]`;
  writeLines(`${prefix} ${escaped(message)}\n`);
}

/** Names in images and answers of servers may hold anything: on a terminal it must stay text. */
function escaped(message: string): string {
  return message.replace(
    // Lone surrogates of this range are bytes that were not UTF-8 (losslessText()).
    /[\x00-\x1f\x7f-\x9f\udc80-\udcff]/gu,
    (c) => `\\x${(c.charCodeAt(0) & 0xff).toString(16).padStart(2, "0")}`,
  );
}
