/** Undoes, piece by piece, what a filter of a compressor did to the data. */
export interface StreamFilter {
  /** Takes a piece, which stays as it is, and returns what is ready. */
  update(piece: Uint8Array): Uint8Array;
  /** What is left at the end of the data. */
  finish(): Uint8Array;
}

/** Filters one after the other, as one. */
export class FilterChain implements StreamFilter {
  readonly #filters: readonly StreamFilter[];

  /** @param filters the first one gets the data first */
  constructor(filters: readonly StreamFilter[]) {
    this.#filters = filters;
  }

  update(piece: Uint8Array): Uint8Array {
    return this.#filters.reduce((data, filter) => filter.update(data), piece);
  }

  finish(): Uint8Array {
    let rest: Uint8Array = new Uint8Array();
    for (const filter of this.#filters) rest = concatenate(filter.update(rest), filter.finish());
    return rest;
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
