const encoder = new TextEncoder();

/** Writes text to standard error whole; a reader that went away is not an error. */
export function writeStderr(text: string): void {
  let rest = encoder.encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
  } catch {
    // Messages are read no more; the exit code still tells.
  }
}
