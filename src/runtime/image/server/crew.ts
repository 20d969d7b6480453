import { type CallMemory, callMemory, HelperCall } from "./helper_call.ts";

/** How much a wait weighs against work: a thread that waits for one part in six is not overloaded. */
const WEIGHT_OF_WAITS = 5;
/** How long requests have to be kept waiting before a helper is started, in milliseconds in all. */
const PATIENCE = 50;
/** After so many requests without a wait in between, another thread may take one. */
const RUN = 3;

/** Helpers that were not needed for so long are sent away, in milliseconds. */
const LONGEST_REST = 10_000;

/**
 * The threads that help the first one, as it sees them.
 *
 * Each reads requests from a device of its own (FUSE_DEV_IOC_CLONE), but only when it is called:
 * when requests keep waiting here. If all threads waited for requests, the kernel would give them
 * out in turn, and every request of one client would wake another thread.
 */
export class Crew {
  readonly #most: number;
  readonly #start: (calls: CallMemory, number: number) => void;
  #memory = callMemory();
  #calls = new HelperCall(this.#memory);
  #started = 0;
  /** After a failure there are no others: the device of the one that failed is closed. */
  #hasFailed = false;
  #run = 0;
  #keptWaiting = 0;
  #unused = 0;

  /**
   * @param options.most how many helpers there may be
   * @param options.start starts a helper, by its number from 1 on, that listens to calls
   */
  constructor(
    { most, start }: { most: number; start: (calls: CallMemory, number: number) => void },
  ) {
    this.#most = most;
    this.#start = start;
  }

  /**
   * Notes how long the first thread waited for a request (0 if it was there already) and worked on
   * it, in milliseconds, and calls helpers or sends them away.
   */
  note(waited: number, worked: number): void {
    this.#run = waited === 0 ? this.#run + 1 : 0;
    this.#keptWaiting = waited === 0
      ? this.#keptWaiting + worked
      : Math.max(0, this.#keptWaiting - WEIGHT_OF_WAITS * waited);
    if (this.#keptWaiting > PATIENCE) {
      this.#keptWaiting = 0;
      this.#add();
    }
    if (this.#started === 0) return;
    this.#unused += waited + worked;
    if (this.#run >= RUN && this.#calls.isOneAsleep) {
      this.#run = 0;
      this.#unused = 0;
      this.#calls.call();
    } else if (this.#unused >= LONGEST_REST) this.dismiss();
  }

  /** Sends all helpers away, which gives their memory back. */
  dismiss(): void {
    if (this.#started === 0) return;
    this.#hasFailed ||= this.#calls.hasFailed;
    this.#calls.close();
    this.#memory = callMemory();
    this.#calls = new HelperCall(this.#memory);
    this.#started = 0;
  }

  /** Starts one more, unless there is one that has nothing to do or has not come yet. */
  #add(): void {
    if (this.#started === this.#most || this.#hasFailed) return;
    if (this.#calls.ready < this.#started || this.#calls.isOneAsleep) return;
    this.#started++;
    this.#unused = 0;
    this.#start(this.#memory, this.#started);
  }
}
