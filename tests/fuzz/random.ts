/** A small pseudo-random generator (sfc32): the same seed gives the same numbers everywhere. */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: string) {
    // FNV-1a; the first numbers are thrown away, as similar seeds give similar ones.
    let hash = 0x811c9dc5;
    for (let index = 0; index < seed.length; index++) {
      hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193);
    }
    this.#state = Uint32Array.of(hash, hash ^ 0x9e3779b9, hash ^ 0x243f6a88, 1);
    for (let round = 0; round < 12; round++) this.next();
  }

  /** A number of 32 bits. */
  next(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state;
    const result = (a + b + counter) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + result;
    this.#state[3] = counter + 1;
    return result;
  }

  /** An integer from 0 to `limit` - 1; 0 for a limit of 0. */
  below(limit: number): number {
    return limit <= 0 ? 0 : this.next() % limit;
  }

  /** True once in so many times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  /** An item of a list that has some. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}
