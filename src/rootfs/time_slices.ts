import type { Progress } from "../diagnostics/mod.ts";

/** How long work may hold up signals and other events, in milliseconds. */
const SLICE = 100;

/**
 * Runs a long synchronous work, which yields what it has done wherever it can be interrupted, and
 * lets other events in between from time to time. (A promise for each step would cost more than
 * many a step.)
 */
export async function runInSlices(work: Iterable<number>, progress: Progress): Promise<void> {
  let start = performance.now();
  for (const bytes of work) {
    if (bytes > 0) progress.advance(bytes);
    if (performance.now() - start < SLICE) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    start = performance.now();
  }
}
