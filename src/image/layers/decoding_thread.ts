import { EnrootError } from "../../diagnostics/mod.ts";
import { CompressionError } from "../../formats/compress/mod.ts";
import type { ChunkQueue } from "./chunk_queue.ts";
import type { DecodingAnswer, DecodingRequest } from "./decoding_worker.ts";

/** How many chunks of input may be on their way. */
const MAX_AHEAD = 2;

/** A layer that is being decompressed. */
interface Job {
  output: ChunkQueue;
  finish(): void;
  fail(error: Error): void;
}

/** A worker thread that decompresses, one layer at a time. */
export class DecodingThread implements Disposable {
  readonly #worker: Worker;
  #job: Job | null = null;
  #ahead = 0;
  #closed = false;
  #wake = () => {};

  constructor() {
    const url = new URL("./decoding_worker.ts", import.meta.url);
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<DecodingAnswer>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#job?.fail(new EnrootError(event.message));
    };
  }

  /** Ends the thread, whatever it is doing. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#worker.terminate();
    this.#wake();
  }

  /**
   * Decompresses a layer, and resolves when all of it is in the queue.
   *
   * @throws {EnrootError} when it cannot be decompressed; the thread is of no use any more then
   * @throws whatever the iteration of the bytes throws
   */
  async decode(bytes: AsyncIterable<Uint8Array>, output: ChunkQueue): Promise<void> {
    const decoded = new Promise<void>((finish, fail) => this.#job = { output, finish, fail });
    await Promise.all([decoded, this.#feed(bytes)]);
  }

  /** To be called when a chunk that was put into a queue has been used. */
  taken(): void {
    this.#send("taken");
  }

  async #feed(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of bytes) {
      while (this.#ahead === MAX_AHEAD && !this.#closed) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      if (this.#closed) return;
      this.#ahead++;
      // What has a buffer of its own is handed over without a copy.
      const own = chunk.length === chunk.buffer.byteLength ? chunk : chunk.slice();
      this.#send(own, [own.buffer as ArrayBuffer]);
    }
    this.#send(null);
  }

  #send(message: DecodingRequest, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(data: DecodingAnswer): void {
    if (data === "taken") {
      this.#ahead--;
      this.#wake();
    } else if (data instanceof Uint8Array) this.#job?.output.push(data);
    else if (data === null) this.#job?.finish();
    else this.#job?.fail(new CompressionError(data.failure));
  }
}
