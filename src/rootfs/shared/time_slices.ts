import { letEventsIn, letSignalsIn, type Progress } from "../../diagnostics/mod.ts";

/** How long work may hold up signals and other events, in milliseconds. */
const SLICE = 100;

/**
 * Runs a long synchronous work, which yields what it has done wherever it can be interrupted, and
 * lets other events in between from time to time. (A promise for each step would cost more than
 * many a step.) At the end too, so that a signal that came meanwhile is not passed over.
 *
 * @param options.drain what to wait for after a step, if there is anything
 * @param options.interruption ends the work between two steps
 */
export async function runInSlices(
  work: Iterable<number>,
  progress: Progress,
  options: { drain?: () => Promise<void> | undefined; interruption?: AbortSignal } = {},
): Promise<void> {
  let start = performance.now();
  for (const bytes of work) {
    if (bytes > 0) progress.advance(bytes);
    const drained = options.drain?.();
    if (drained !== undefined) await drained;
    if (performance.now() - start < SLICE) continue;
    await letEventsIn();
    options.interruption?.throwIfAborted();
    start = performance.now();
  }
  await letSignalsIn();
  options.interruption?.throwIfAborted();
}
