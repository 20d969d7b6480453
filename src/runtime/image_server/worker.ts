/**
 * A thread that helps the image server's first one, started as a worker: it answers what comes
 * through the queue of the message it gets and does not return to its event loop before it ends.
 */
import { logError, messageOf } from "../../diagnostics/mod.ts";
import { Request } from "../../formats/fuse/mod.ts";
import { releaseMemory } from "../../linux/mod.ts";
import { CacheFiller } from "./cache_filler.ts";
import { answerRequest } from "./connection.ts";
import { failureLog } from "./failure_log.ts";
import type { FillerLane } from "./filler_process.ts";
import { HeapBound } from "./heap_bound.ts";
import { ImageService } from "./image_service.ts";
import { ReadAhead } from "./read_ahead.ts";
import { type QueueMemory, RequestQueue } from "./request_queue.ts";
import { type ImageSource, ServedImage } from "./served_image.ts";

/** What a helper needs. */
export interface HelperTask {
  fuseFd: number;
  source: ImageSource;
  queue: QueueMemory;
  /** How it reads ahead; null where that cannot be. */
  lane: FillerLane | null;
}

function help({ fuseFd, source, queue: memory, lane }: HelperTask): void {
  const image = new ServedImage(source);
  const service = new ImageService(image, { onFailure: failureLog() });
  const filler = lane === null ? null : new CacheFiller(lane);
  const readAhead = new ReadAhead(image, { filler: () => filler });
  const request = new Request();
  const queue = new RequestQueue(memory);
  // To start a thread touches much that is not needed again.
  releaseMemory();
  const heap = new HeapBound();
  queue.open();
  for (;;) {
    const length = queue.take(request.buffer);
    if (length === 0) return;
    request.receive(length);
    if (!answerRequest(fuseFd, { service, readAhead, request })) return;
    queue.done();
    heap.note();
  }
}

addEventListener("message", (event) => {
  try {
    help((event as MessageEvent<HelperTask>).data);
  } catch (error) {
    // The first thread goes on by itself.
    logError(`Cannot serve the image with another thread: ${messageOf(error)}`);
  }
  globalThis.close();
});
