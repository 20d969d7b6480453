import { EnrootError, messageOf } from "./error.ts";
import { printableLines } from "./printable.ts";

const encoder = new TextEncoder();

/**
 * Writes a command's result to standard output whole. A reader that went away, as in
 * `enroot list | head -1`, is not an error. Programs get the text as it is; where it goes to a
 * terminal, names in it stay text.
 *
 * @throws EnrootError if it cannot be written for another reason.
 */
export function writeStdout(text: string): void {
  let rest = encoder.encode(Deno.stdout.isTerminal() ? printableLines(text) : text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new EnrootError(`Cannot write to standard output: ${messageOf(error)}`, { cause: error });
  }
}
