import { releaseBytes } from "../../../bytes/mod.ts";
import { DATA_STORED } from "../format/layout.ts";
import { type BlockCoding, codeBlock } from "./block_coding.ts";
import { CodingPool } from "./coding_pool.ts";
import type { AppendingOutput } from "./output.ts";

/** So many blocks are compressed in place first: a small image is done before a worker starts. */
const BLOCKS_BEFORE_WORKERS = 4;

/** Called when a block has its place: where it is and its size field. */
export type Place = (block: { position: number; size: number }) => void;

interface QueuedBlock {
  block: Uint8Array;
  coded: Uint8Array | null;
  /** Whether the block no longer counts as waiting for a worker. */
  settled: boolean;
  place: Place;
}

interface Drain {
  resolve(): void;
  reject(error: Error): void;
}

/** How a queue compresses and how much it holds. */
export interface BlockQueueOptions {
  coding: BlockCoding;
  /** Bytes of blocks that may be held. */
  memory: number;
  /** How many blocks are compressed at once; with 1 there are no workers. */
  processors: number;
}

/**
 * Compresses blocks, several at once, and appends them to the image in the order they came.
 *
 * When a block is appended follows from the blocks pushed alone, never from how fast workers are, so
 * that the same input makes the same image. For that a block is compressed in place when its turn
 * comes and no worker has answered yet, which a producer that waits for drain() does not meet.
 */
export class BlockQueue {
  readonly #output: AppendingOutput;
  readonly #options: BlockQueueOptions;
  readonly #queue: QueuedBlock[] = [];
  #bytes = 0;
  #waitingBytes = 0;
  #pushed = 0;
  #pool: CodingPool | null = null;
  #drains: Drain[] = [];
  #failure: Error | null = null;

  constructor(output: AppendingOutput, options: BlockQueueOptions) {
    this.#output = output;
    this.#options = options;
  }

  /** How many blocks have been pushed; see cancelFrom(). */
  get pushed(): number {
    return this.#pushed;
  }

  /** Takes a block, which is the queue's from then on, with the buffer it is in. */
  push(block: Uint8Array, place: Place): void {
    if (this.#failure !== null) throw this.#failure;
    const queued: QueuedBlock = { block, coded: null, settled: false, place };
    this.#queue.push(queued);
    this.#pushed++;
    this.#bytes += block.length;
    this.#waitingBytes += block.length;
    this.#code(queued);
    while (this.#bytes > this.#options.memory) this.#append();
  }

  /** Forgets the blocks pushed since `pushed` had this value, as far as they are not appended. */
  cancelFrom(pushed: number): void {
    const appended = this.#pushed - this.#queue.length;
    for (const queued of this.#queue.splice(Math.max(0, pushed - appended))) {
      this.#bytes -= queued.block.length;
      this.#settle(queued);
      releaseBytes(queued.block);
    }
    this.#pushed = appended + this.#queue.length;
  }

  /** Waits until workers have room again; undefined when they have. */
  drain(): Promise<void> | undefined {
    return this.#waitingBytes > this.#options.memory / 2 ? this.#wait() : undefined;
  }

  /** Appends all blocks. */
  async finish(): Promise<void> {
    while (this.#waitingBytes > 0) await this.#wait();
    while (this.#queue.length > 0) this.#append();
    this.close();
  }

  /** Ends the workers; blocks still in the queue are lost. */
  close(): void {
    this.#pool?.close();
    this.#pool = null;
  }

  #code(queued: QueuedBlock): void {
    const { coding, processors } = this.#options;
    if (processors === 1 || this.#pushed <= BLOCKS_BEFORE_WORKERS) {
      queued.coded = codeBlock(coding, queued.block);
      this.#settle(queued);
      return;
    }
    this.#pool ??= new CodingPool(coding, {
      workers: processors,
      onFailure: (error) => this.#fail(error),
    });
    this.#pool.code(queued.block, (coded) => {
      queued.coded = coded;
      this.#settle(queued);
    });
  }

  #append(): void {
    const queued = this.#queue.shift();
    if (queued === undefined) return;
    const { block, place } = queued;
    const coded = queued.coded ?? codeBlock(this.#options.coding, block);
    this.#bytes -= block.length;
    this.#settle(queued);
    const stored = coded.length >= block.length;
    const contents = stored ? block : coded;
    place({
      position: this.#output.position,
      size: stored ? contents.length | DATA_STORED : contents.length,
    });
    this.#output.append(contents);
    releaseBytes(coded);
    releaseBytes(block);
  }

  #settle(queued: QueuedBlock): void {
    if (queued.settled) return;
    queued.settled = true;
    this.#waitingBytes -= queued.block.length;
    if (this.#waitingBytes > this.#options.memory / 4) return;
    for (const { resolve } of this.#drains.splice(0)) resolve();
  }

  #wait(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#drains.push({ resolve, reject }));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#drains.splice(0)) reject(this.#failure);
  }
}
