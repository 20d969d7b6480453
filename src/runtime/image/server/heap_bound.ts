/** How often to look, in requests, and by how much the heap may have grown then, in bytes. */
const INTERVAL = 1024;
const GROWTH = 20e6;

/**
 * Keeps the heap of a thread small that answers requests. V8 lets garbage pile up until there is
 * time to collect it, which it never sees: such a thread does not return to its event loop.
 */
export class HeapBound {
  #requests = 0;
  #bound = Deno.memoryUsage().heapUsed + GROWTH;

  /** Notes one more request. */
  note(): void {
    this.#requests++;
    if (this.#requests % INTERVAL !== 0 || Deno.memoryUsage().heapUsed < this.#bound) return;
    collectGarbage();
    this.#bound = Deno.memoryUsage().heapUsed + GROWTH;
  }
}

/** Collects garbage, where the program was compiled with V8's flag --expose-gc. */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}
