import { fuseRequestWaits } from "../../../linux/mod.ts";

/** Longest time to look out for a request without sleeping, in milliseconds. */
const LONGEST_WATCH = 0.05;
/** Shortest such time that makes sense. */
const SHORTEST_WATCH = 0.005;
/** How often to look whether there is a processor to spare for that, in milliseconds. */
const SURVEY_INTERVAL = 100;
/** A thread that sleeps for so long has nothing to do for a while, in milliseconds. */
const REST = 10_000;

/** What RequestWait leaves to others. */
export interface WaitOptions {
  /** Whether hardly anybody would miss the processor that a thread awake takes. */
  isProcessorSpare(): boolean;
  /** Called when there has been no request for REST. */
  onRest(): void;
}

/**
 * Waits for requests.
 *
 * A program that reads many small files sends its next request some ten microseconds after the last
 * answer. To fall asleep and be woken in between takes longer, on both sides. So the thread stays
 * awake for a while, if there is a processor to spare and waits turn out to be short.
 */
export class RequestWait {
  readonly #options: WaitOptions;
  #watch = 0;
  #surveyed = -Infinity;
  #spare = false;

  constructor(options: WaitOptions) {
    this.#options = options;
  }

  /**
   * Waits until there is a request, or the connection has ended.
   *
   * @returns for how long, in milliseconds; 0 if there was one already
   */
  wait(fuseFd: number): number {
    if (fuseRequestWaits(fuseFd, { patience: 0 })) return 0;
    const begin = performance.now();
    if (this.#watch > 0 && this.#isProcessorSpare(begin)) {
      while (performance.now() - begin < this.#watch) {
        if (fuseRequestWaits(fuseFd, { patience: 0 })) return performance.now() - begin;
      }
    }
    if (!fuseRequestWaits(fuseFd, { patience: REST })) {
      this.#options.onRest();
      fuseRequestWaits(fuseFd, { patience: -1 });
    }
    const waited = performance.now() - begin;
    this.#watch = nextWatch(this.#watch, waited);
    return waited;
  }

  #isProcessorSpare(now: number): boolean {
    if (now - this.#surveyed > SURVEY_INTERVAL) {
      this.#surveyed = now;
      this.#spare = this.#options.isProcessorSpare();
    }
    return this.#spare;
  }
}

/**
 * How long to stay awake the next time, in milliseconds, after a sleep of `waited`: twice as long if
 * that would have been enough one day, else half. (KVM does the same for idle virtual processors.)
 */
export function nextWatch(watch: number, waited: number): number {
  if (waited < LONGEST_WATCH) return Math.min(LONGEST_WATCH, Math.max(SHORTEST_WATCH, 2 * watch));
  return watch / 2 < SHORTEST_WATCH ? 0 : watch / 2;
}

/** Whether no thread of the whole machine waits for a processor at the moment (proc_loadavg(5)). */
export function hasSpareProcessor(): boolean {
  try {
    const [, runnable] = /^\S+ \S+ \S+ (\d+)\//.exec(Deno.readTextFileSync("/proc/loadavg")) ?? [];
    return Number(runnable) <= navigator.hardwareConcurrency;
  } catch {
    return false;
  }
}
