/** How long work may hold up signals and other events, in milliseconds. */
const SLICE = 100;
/** A signal takes a turn to get from the kernel to the event loop, and another one from there. */
const TURNS_OF_A_SIGNAL = 3;

/** Lets other events in: timers, messages of threads, and mostly signals. */
export function letEventsIn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Lets those in who listen to signals, so that a signal that has come is not passed over: to be
 * awaited before the last step of what a signal is to stop.
 */
export async function letSignalsIn(): Promise<void> {
  for (let turn = 0; turn < TURNS_OF_A_SIGNAL; turn++) await letEventsIn();
}

/**
 * Runs a long synchronous work, which yields wherever it can be interrupted, and lets other events
 * in between from time to time. (A promise for each step would cost more than many a step.)
 */
export async function inSlices<Result>(work: Generator<unknown, Result>): Promise<Result> {
  let start = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - start < SLICE) continue;
    await letEventsIn();
    start = performance.now();
  }
}
