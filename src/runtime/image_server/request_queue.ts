/** Bytes of a request that a queue can hold; reads have 80. */
const SLOT_SIZE = 128;
/** Requests that can wait in one queue; a power of two. */
const SLOTS = 64;

/** Elements of the control words. The counts run on and wrap around. */
const STATE = 0;
const PUSHED = 1;
const DONE = 2;
const CONTROLS = 3;

/** States, in the order they are passed through. */
const NOT_READY = 0;
const READY = 1;
const CLOSED = 2;

/** Shared memory of a queue, which is what goes from thread to thread. */
export type QueueMemory = SharedArrayBuffer;

/** Memory for a queue. */
export function queueMemory(): QueueMemory {
  return new SharedArrayBuffer(CONTROLS * 4 + SLOTS * (4 + SLOT_SIZE));
}

/** A queue of requests from one thread, which pushes, to another, which takes. */
export class RequestQueue {
  readonly #controls: Int32Array;
  readonly #lengths: Int32Array;
  readonly #slots: Uint8Array;

  constructor(memory: QueueMemory) {
    this.#controls = new Int32Array(memory, 0, CONTROLS);
    this.#lengths = new Int32Array(memory, CONTROLS * 4, SLOTS);
    this.#slots = new Uint8Array(memory, (CONTROLS + SLOTS) * 4);
  }

  /** Whether somebody takes requests from the queue. */
  get ready(): boolean {
    return Atomics.load(this.#controls, STATE) === READY;
  }

  /** How many requests wait or are being worked on. */
  get length(): number {
    return (Atomics.load(this.#controls, PUSHED) - Atomics.load(this.#controls, DONE)) | 0;
  }

  /** Adds a request. @returns whether there was room for it */
  push(request: Uint8Array): boolean {
    if (this.length === SLOTS || request.length > SLOT_SIZE) return false;
    const pushed = Atomics.load(this.#controls, PUSHED);
    const slot = pushed & (SLOTS - 1);
    this.#lengths[slot] = request.length;
    this.#slots.set(request, slot * SLOT_SIZE);
    Atomics.store(this.#controls, PUSHED, pushed + 1);
    Atomics.notify(this.#controls, PUSHED);
    return true;
  }

  /** Says that nothing more will be pushed. */
  close(): void {
    Atomics.store(this.#controls, STATE, CLOSED);
    Atomics.notify(this.#controls, PUSHED);
  }

  /** On the other side: says that requests will be taken from now on. */
  open(): void {
    Atomics.compareExchange(this.#controls, STATE, NOT_READY, READY);
  }

  /**
   * On the other side: waits for a request and copies it.
   *
   * @returns its length, 0 when the queue is closed and empty
   */
  take(into: Uint8Array): number {
    const done = Atomics.load(this.#controls, DONE);
    while (Atomics.load(this.#controls, PUSHED) === done) {
      if (Atomics.load(this.#controls, STATE) === CLOSED) return 0;
      Atomics.wait(this.#controls, PUSHED, done);
    }
    const slot = done & (SLOTS - 1);
    const length = this.#lengths[slot] ?? 0;
    into.set(this.#slots.subarray(slot * SLOT_SIZE, slot * SLOT_SIZE + length));
    return length;
  }

  /** On the other side: says that the request taken last has been answered. */
  done(): void {
    Atomics.add(this.#controls, DONE, 1);
  }
}
