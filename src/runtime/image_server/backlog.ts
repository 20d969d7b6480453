/** A read that takes less, in milliseconds, has not waited: a request was in the queue. */
const IMMEDIATE = 0.01;

/** Requests that were kept waiting for so long together, in milliseconds, call for help. */
const PATIENCE = 10;

/**
 * Finds out whether one more thread would have work, from how long this one waits for requests:
 * not at all where they arrive faster than it answers them.
 */
export class Backlog {
  #delay = 0;

  /**
   * Notes one request, in milliseconds: how long it took to arrive after the answer before, and
   * to answer.
   *
   * @returns whether help is called for; the count starts anew then
   */
  note(waited: number, worked: number): boolean {
    if (waited < IMMEDIATE) this.#delay += worked;
    else this.#delay = Math.max(0, this.#delay - waited);
    if (this.#delay < PATIENCE) return false;
    this.#delay = 0;
    return true;
  }
}
