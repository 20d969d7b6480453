/** Where in the shared memory is what: whether to stop, then for each worker whether it works. */
const STOPPED = 0;
const FIRST_WORKER = 1;

/** Lets one thread stop what others do, at once and for good. */
export class WorkControl {
  /** What all threads share: each makes its own WorkControl of it. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  static forWorkers(count: number): WorkControl {
    return new WorkControl(
      new SharedArrayBuffer((FIRST_WORKER + count) * Int32Array.BYTES_PER_ELEMENT),
    );
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOPPED) !== 0;
  }

  /** Says that a worker begins to work. It still must look whether it is to stop. */
  begin(worker: number): void {
    Atomics.store(this.#words, FIRST_WORKER + worker, 1);
  }

  /** Says that a worker touches nothing until it begins again. */
  end(worker: number): void {
    Atomics.store(this.#words, FIRST_WORKER + worker, 0);
    Atomics.notify(this.#words, FIRST_WORKER + worker);
  }

  /** Stops all workers. When this returns they have. */
  stop(): void {
    Atomics.store(this.#words, STOPPED, 1);
    for (let index = FIRST_WORKER; index < this.#words.length; index++) {
      while (Atomics.load(this.#words, index) !== 0) Atomics.wait(this.#words, index, 1);
    }
  }
}
