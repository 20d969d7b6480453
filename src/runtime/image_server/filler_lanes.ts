import { CacheFiller } from "./cache_filler.ts";
import { type FillerLane, type FillerTask, startFiller } from "./filler_process.ts";

/** What is wanted in the page cache less often than this is not worth two processes. */
const LEAST_USE = 8;

/** The process that fills the page cache, started when it is needed, and the lanes to it. */
export class FillerLanes {
  readonly #task: FillerTask;
  readonly #count: number;
  readonly #isPossible: () => boolean;
  #lanes: FillerLane[] | null = null;

  /**
   * @param options.count how many threads there may be
   * @param options.isPossible whether the kernel is one where startFiller() does no harm
   */
  constructor(
    task: FillerTask,
    { count, isPossible }: { count: number; isPossible: () => boolean },
  ) {
    this.#task = task;
    this.#count = count;
    this.#isPossible = isPossible;
  }

  /** The lane for a thread, by its number; null where there can be no such process. */
  open(thread: number): FillerLane | null {
    this.#lanes ??= this.#isPossible() ? this.#start() : [];
    return this.#lanes[thread] ?? null;
  }

  /** Gives a filler for a thread when it has been asked for a few times. */
  whenWorthIt(thread: number): () => CacheFiller | null {
    let asked = 0;
    let filler: CacheFiller | null = null;
    return () => {
      if (++asked === LEAST_USE) {
        const lane = this.open(thread);
        filler = lane === null ? null : new CacheFiller(lane);
      }
      return filler;
    };
  }

  #start(): FillerLane[] {
    try {
      return startFiller(this.#task, { lanes: this.#count });
    } catch {
      return []; // Reading ahead is a matter of speed.
    }
  }
}
