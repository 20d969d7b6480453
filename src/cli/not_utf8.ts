import { byteString, losslessText } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import type { Command } from "./command.ts";

/** What is passed on byte for byte. */
const BYTE_FIELDS: ReadonlySet<string> = new Set(["command", "env", "mounts", "rc"]);

/**
 * Refuses an argument that is not UTF-8 where it would name another file than the caller means: the
 * runtime's functions for files take text.
 *
 * @throws {EnrootError}
 */
export function refuseOtherBytes(command: Command): void {
  for (const [field, value] of Object.entries(command)) {
    if (BYTE_FIELDS.has(field) || (command.verb === "create" && field === "image")) continue;
    for (const text of [value].flat()) {
      if (typeof text === "string" && !text.isWellFormed()) {
        throw new EnrootError(`Invalid argument: ${text} (it is not UTF-8)`);
      }
    }
  }
}

/** Variables that say where things are, and how to go about them. */
const SETTING = /^(ENROOT_[A-Z_]+|HOME|TMPDIR|XDG_[A-Z]+_(HOME|DIR))=/;

/**
 * Refuses a variable that is not UTF-8 and would say where files are. `Deno.env` leaves such ones
 * out, and the default in its place would be another directory than the caller's.
 *
 * @throws {EnrootError}
 */
export function refuseOtherBytesInSettings(): void {
  for (const variable of byteString(Deno.readFileSync("/proc/self/environ")).split("\0")) {
    if (!SETTING.test(variable) || losslessText(variable).isWellFormed()) continue;
    throw new EnrootError(`Invalid variable: ${losslessText(variable)} (it is not UTF-8)`);
  }
}
