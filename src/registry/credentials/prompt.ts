import { EnrootError, writeStderr } from "../../diagnostics/mod.ts";

const ENTER = /[\r\n]/;
const INTERRUPT = "\x03";
const END_OF_INPUT = "\x04";
const ERASE = /[\x7f\b]/;
const ERASE_LINE = "\x15";

/**
 * Asks for a secret on the terminal, without showing what is typed.
 *
 * @returns undefined when standard input is no terminal
 */
export async function askSecret(question: string): Promise<string | undefined> {
  if (!Deno.stdin.isTerminal()) return undefined;
  writeStderr(question);
  Deno.stdin.setRaw(true);
  let line: string | null;
  try {
    line = await readLine();
  } finally {
    Deno.stdin.setRaw(false);
    writeStderr("\n");
  }
  if (line !== null) return line;
  // What the terminal would have done by itself, but then it would have been left in raw mode.
  Deno.kill(Deno.pid, "SIGINT");
  throw new EnrootError("Interrupted");
}

/** Reads to the end of the line; null if interrupted. */
async function readLine(): Promise<string | null> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(256);
  let line = "";
  for (;;) {
    const length = await Deno.stdin.read(buffer);
    if (length === null) return line;
    for (const char of decoder.decode(buffer.subarray(0, length), { stream: true })) {
      if (char === INTERRUPT) return null;
      if (ENTER.test(char) || char === END_OF_INPUT) return line;
      if (char === ERASE_LINE) line = "";
      else if (ERASE.test(char)) line = line.slice(0, -1);
      else line += char;
    }
  }
}
