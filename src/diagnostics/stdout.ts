import { EnrootError, messageOf } from "./error.ts";

const encoder = new TextEncoder();

/**
 * Writes a command's result to standard output whole. A reader that went away, as in
 * `enroot list | head -1`, is not an error.
 *
 * @throws EnrootError if it cannot be written for another reason.
 */
export function writeStdout(text: string): void {
  let rest = encoder.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new EnrootError(`Cannot write to standard output: ${messageOf(error)}`, { cause: error });
  }
}
