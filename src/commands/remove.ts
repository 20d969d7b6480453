import { byteStringFromText } from "../bytes/mod.ts";
import { printable, writeStderr } from "../diagnostics/mod.ts";
import { removeTree } from "../rootfs/mod.ts";
import { resolveContainer } from "../store/mod.ts";
import type { Context } from "./context.ts";

export interface RemoveOptions {
  names: string[];
}

/** Removes containers, each after a question unless forced. */
export function remove({ names }: RemoveOptions, { settings }: Context): number {
  for (const name of names) {
    const path = resolveContainer(name, settings.dataPath);
    if (!settings.forceOverride) {
      const answer = ask(`Do you really want to delete ${path}? [y/N] `);
      if (answer === null) return 1;
      if (answer !== "y" && answer !== "Y") continue;
    }
    removeTree(byteStringFromText(path));
  }
  return 0;
}

/** Asks on the terminal, or reads the answer from where standard input comes; null at its end. */
function ask(question: string): string | null {
  if (Deno.stdin.isTerminal()) writeStderr(printable(question));
  // Byte by byte: what follows the line is the answer to the next question.
  const byte = new Uint8Array(1);
  let answer = "";
  while (Deno.stdin.readSync(byte) !== null) {
    const character = String.fromCharCode(byte[0] ?? 0);
    if (character === "\n") return answer.trim();
    answer += character;
  }
  return answer === "" ? null : answer.trim();
}
