import { EnrootError } from "../../../diagnostics/mod.ts";
import type { BlockCoding } from "./block_coding.ts";

/** Blocks given to a worker before another worker is started. */
const BLOCKS_PER_WORKER = 2;

type Done = (coded: Uint8Array) => void;

interface PoolWorker {
  worker: Worker;
  /** The callers that wait for blocks given to the worker, which answers in order. */
  waiting: Done[];
}

/** How many workers to start at most and whom to tell when one breaks down. */
export interface CodingPoolOptions {
  workers: number;
  onFailure(error: Error): void;
}

/** Compresses blocks in worker threads, which are started as there is work for them. */
export class CodingPool {
  readonly #coding: BlockCoding;
  readonly #options: CodingPoolOptions;
  readonly #workers: PoolWorker[] = [];

  constructor(coding: BlockCoding, options: CodingPoolOptions) {
    this.#coding = coding;
    this.#options = options;
  }

  /** Compresses a copy of a block and tells when it is done. */
  code(block: Uint8Array, done: Done): void {
    const { worker, waiting } = this.#leastBusy();
    waiting.push(done);
    // A copy of our own can be handed over; the original may lie in memory that decompression uses.
    const copy = block.slice();
    worker.postMessage(copy, [copy.buffer]);
  }

  close(): void {
    for (const { worker } of this.#workers.splice(0)) worker.terminate();
  }

  #leastBusy(): PoolWorker {
    let least: PoolWorker | null = null;
    for (const worker of this.#workers) {
      if (least === null || worker.waiting.length < least.waiting.length) least = worker;
    }
    const enough = this.#workers.length >= this.#options.workers;
    return least !== null && (enough || least.waiting.length < BLOCKS_PER_WORKER)
      ? least
      : this.#start();
  }

  #start(): PoolWorker {
    const url = new URL("./coding_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    const waiting: Done[] = [];
    worker.onmessage = ({ data }: MessageEvent<Uint8Array | string>) => {
      if (typeof data === "string") this.#fail(data);
      else waiting.shift()?.(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    worker.postMessage(this.#coding);
    const started = { worker, waiting };
    this.#workers.push(started);
    return started;
  }

  #fail(reason: string): void {
    this.#options.onFailure(new EnrootError(`Cannot compress squashfs blocks: ${reason}`));
  }
}
