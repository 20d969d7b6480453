import { type QueueMemory, queueMemory, RequestQueue } from "./request_queue.ts";

/** How much a wait weighs against work: who waits for one part in six is not overloaded. */
const WEIGHT_OF_WAITS = 5;
/** How long requests have to be kept waiting before help is called, in milliseconds in all. */
const PATIENCE = 50;

/** After so many reads with nobody else at work, the first thread does without help. */
const SPELL = 256;
/** A helper with so many requests before it is behindhand. */
const CROWD = 3;
/** After so many more requests for a helper that is behindhand than for one that is not, add one. */
const CROWDED_SPELL = 256;

/** Helpers that were not needed for so long are sent away, in milliseconds. */
const LONGEST_REST = 10_000;

/**
 * The threads that help the first one, as it sees them.
 *
 * The first thread reads all requests and answers most. When it cannot keep up, it hands reads over,
 * and always those of one block to the same helper. (If all threads read the device, the kernel
 * would give them requests in turn: every block would be decoded once by each of them, which took
 * more time than it saved, and one client would wake another thread with every request.)
 */
export class Crew {
  readonly #most: number;
  readonly #start: (queue: QueueMemory, number: number) => void;
  #helpers: RequestQueue[] = [];
  #busy = false;
  #keptWaiting = 0;
  #alone = 0;
  #crowded = 0;
  #unused = 0;

  /**
   * @param options.most how many helpers there may be
   * @param options.start starts a helper that answers what comes through a queue, with its number:
   *   1 for the first
   */
  constructor(
    { most, start }: { most: number; start: (queue: QueueMemory, number: number) => void },
  ) {
    this.#most = most;
    this.#start = start;
  }

  /** Whether reads are handed over at present. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Hands a read over.
   *
   * @param block equal for reads of the same block; null where whoever is free may answer
   * @returns whether a helper answers it
   */
  handOver(request: Uint8Array, { block }: { block: number | null }): boolean {
    const inHand = this.#helpers.reduce((sum, { length }) => sum + length, 0);
    this.#alone = inHand === 0 ? this.#alone + 1 : 0;
    if (this.#alone === SPELL) this.#busy = false;
    const helper = block === null
      ? this.#helpers.find((each) => each.ready && each.length === 0)
      : this.#helpers[spread(block) % (this.#helpers.length + 1) - 1];
    if (helper === undefined || !helper.ready) return false;
    this.#unused = 0;
    this.#noteCrowd(helper.length);
    return helper.push(request);
  }

  /**
   * Notes how long the first thread waited for a request (0 if it was there already) and worked on
   * it, in milliseconds, and calls for help or sends it away.
   */
  note(waited: number, worked: number): void {
    this.#keptWaiting = waited === 0
      ? this.#keptWaiting + worked
      : Math.max(0, this.#keptWaiting - WEIGHT_OF_WAITS * waited);
    if (this.#keptWaiting > PATIENCE) {
      this.#keptWaiting = 0;
      this.#alone = 0;
      this.#busy = this.#most > 0;
      if (this.#helpers.length === 0) this.#add();
    }
    if (this.#helpers.length === 0) return;
    this.#unused += waited + worked;
    if (this.#unused >= LONGEST_REST) this.dismiss();
  }

  /** Sends all helpers away, which gives their memory back. */
  dismiss(): void {
    for (const helper of this.#helpers) helper.close();
    this.#helpers = [];
    this.#busy = false;
  }

  #noteCrowd(before: number): void {
    this.#crowded = before < CROWD ? Math.max(0, this.#crowded - 1) : this.#crowded + 1;
    if (this.#crowded < CROWDED_SPELL) return;
    this.#crowded = 0;
    this.#add();
  }

  #add(): void {
    if (this.#helpers.length >= this.#most) return;
    const memory = queueMemory();
    this.#helpers.push(new RequestQueue(memory));
    this.#unused = 0;
    this.#start(memory, this.#helpers.length);
  }
}

/** A hash: numbers of blocks that are needed together often differ by the same. */
function spread(block: number): number {
  return Math.imul(block ^ Math.floor(block / 2 ** 32), 0x9e3779b1) >>> 16;
}
