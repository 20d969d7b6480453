/** Lets so many pieces of work go on at a time; further ones wait in order. */
export class ConnectionLimit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param limit at least 1; Infinity for no limit */
  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A place is handed on, not freed, if a transfer waits for it.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
