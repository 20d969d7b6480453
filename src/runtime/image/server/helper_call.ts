/** Shared memory by which helpers are called, which is what goes from thread to thread. */
export type CallMemory = SharedArrayBuffer;

/** Elements of the memory. */
const CALLS = 0;
const READY = 1;
const ASLEEP = 2;
const CLOSED = 3;
const FAILED = 4;
const ELEMENTS = 5;

/** Memory for helpers that are called together. */
export function callMemory(): CallMemory {
  return new SharedArrayBuffer(ELEMENTS * 4);
}

/** Calls helpers, which sleep when they are not needed. */
export class HelperCall {
  readonly #words: Int32Array;
  #heard = 0;

  constructor(memory: CallMemory) {
    this.#words = new Int32Array(memory);
  }

  /** How many helpers have come so far. */
  get ready(): number {
    return Atomics.load(this.#words, READY);
  }

  /** Whether there is a helper to be called. */
  get isOneAsleep(): boolean {
    return Atomics.load(this.#words, ASLEEP) > 0;
  }

  /** Whether a helper has failed. */
  get hasFailed(): boolean {
    return Atomics.load(this.#words, FAILED) > 0;
  }

  /** Calls one helper. */
  call(): void {
    Atomics.add(this.#words, CALLS, 1);
    Atomics.notify(this.#words, CALLS, 1);
  }

  /** Sends all helpers away. */
  close(): void {
    Atomics.store(this.#words, CLOSED, 1);
    Atomics.add(this.#words, CALLS, 1);
    Atomics.notify(this.#words, CALLS);
  }

  /** For helpers: says that this one has failed, and has closed what it was given. */
  fail(): void {
    Atomics.store(this.#words, FAILED, 1);
  }

  /** For helpers: says that this one has come. */
  come(): void {
    Atomics.add(this.#words, READY, 1);
    this.#heard = Atomics.load(this.#words, CALLS);
  }

  /**
   * For helpers: waits for the next call, or returns at once if there has been one since the last.
   *
   * @returns false to be sent away
   */
  wait(): boolean {
    Atomics.add(this.#words, ASLEEP, 1);
    Atomics.wait(this.#words, CALLS, this.#heard);
    Atomics.sub(this.#words, ASLEEP, 1);
    this.#heard = Atomics.load(this.#words, CALLS);
    return Atomics.load(this.#words, CLOSED) === 0;
  }
}
