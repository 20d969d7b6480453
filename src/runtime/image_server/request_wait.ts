import { fuseRequestWaits } from "../../linux/mod.ts";

/** Longest time to look out for a request without sleeping, in milliseconds. */
const LONGEST_WATCH = 0.05;
/** Shortest such time that makes sense. */
const SHORTEST_WATCH = 0.005;
/** How often to look whether there is a processor to spare for that, in milliseconds. */
const SURVEY_INTERVAL = 100;

/**
 * Waits for requests.
 *
 * A program that reads many small files sends its next request some ten microseconds after the last
 * answer. To fall asleep and be woken in between takes longer, on both sides. So the thread stays
 * awake for a while, if there is a processor to spare and waits turn out to be short: the while
 * doubles when a request comes soon after, and halves when it does not. (KVM does the same for idle
 * virtual processors.)
 */
export class RequestWait {
  readonly #spareProcessor: () => boolean;
  #watch = 0;
  #surveyed = -Infinity;
  #spare = false;

  /** @param spareProcessor whether somebody else would hardly miss the processor */
  constructor(spareProcessor: () => boolean) {
    this.#spareProcessor = spareProcessor;
  }

  /**
   * Waits until there is a request, or the connection has ended.
   *
   * @returns for how long, in milliseconds; 0 if there was one already
   */
  wait(fuseFd: number): number {
    if (fuseRequestWaits(fuseFd, { sleep: false })) return 0;
    const begin = performance.now();
    const watch = this.#watch > 0 && this.#isSpare(begin) ? this.#watch : 0;
    while (performance.now() - begin < watch) {
      if (fuseRequestWaits(fuseFd, { sleep: false })) return performance.now() - begin;
    }
    fuseRequestWaits(fuseFd, { sleep: true });
    const waited = performance.now() - begin;
    if (waited < LONGEST_WATCH) {
      this.#watch = Math.min(LONGEST_WATCH, Math.max(SHORTEST_WATCH, 2 * this.#watch));
    } else {
      this.#watch = this.#watch < 2 * SHORTEST_WATCH ? 0 : this.#watch / 2;
    }
    return waited;
  }

  #isSpare(now: number): boolean {
    if (now - this.#surveyed > SURVEY_INTERVAL) {
      this.#surveyed = now;
      this.#spare = this.#spareProcessor();
    }
    return this.#spare;
  }
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
