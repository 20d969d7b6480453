/**
 * A thread that helps the image server's first one, started as a worker: whenever it is called it
 * answers what requests there are. It does not return to its event loop before it ends.
 */
import { logError, messageOf } from "../../../diagnostics/mod.ts";
import { Request, type Settled } from "../../../formats/fuse/mod.ts";
import { close, readFuseRequest, releaseMemory } from "../../../linux/mod.ts";
import { type CallMemory, HelperCall } from "./helper_call.ts";
import { answerRequest, REQUEST_ROOM } from "./connection.ts";
import { failureLog } from "./failure_log.ts";
import { HeapBound } from "./heap_bound.ts";
import { ImageService } from "./image_service.ts";
import { type ImageSource, ServedImage } from "./served_image.ts";

/** What a helper needs. */
export interface HelperTask {
  /** The connection's device, opened for this thread. */
  fuseFd: number;
  source: ImageSource;
  /** What was settled with the kernel. */
  settled: Settled;
  calls: CallMemory;
}

function help({ fuseFd, source, settled, calls: memory }: HelperTask): void {
  const service = new ImageService(new ServedImage(source), { onFailure: failureLog(), settled });
  const request = new Request(REQUEST_ROOM);
  const calls = new HelperCall(memory);
  // To start a thread touches much that is not needed again.
  releaseMemory();
  const heap = new HeapBound();
  calls.come();
  while (calls.wait()) {
    for (;;) {
      const length = readFuseRequest(fuseFd, request.buffer);
      if (length === null) return;
      if (length === 0) break;
      if (!request.receive(length)) continue;
      if (!answerRequest(fuseFd, { service, request })) return;
      heap.note();
    }
  }
}

addEventListener("message", (event) => {
  const task = (event as MessageEvent<HelperTask>).data;
  try {
    help(task);
  } catch (error) {
    // The first thread goes on by itself. What this one has not answered fails.
    close(task.fuseFd);
    new HelperCall(task.calls).fail();
    logError(`Cannot serve the image with another thread: ${messageOf(error)}`);
  }
  globalThis.close();
});
