import { Request } from "../../../formats/fuse/mod.ts";
import { readFuseRequest, releaseMemory, writeFuseReply } from "../../../linux/mod.ts";
import type { Crew } from "./crew.ts";
import { collectGarbage, HeapBound } from "./heap_bound.ts";
import type { ImageService } from "./image_service.ts";
import { hasSpareProcessor, RequestWait } from "./request_wait.ts";

/** Room for a request: only long lists of forgotten files make use of it all. */
export const REQUEST_ROOM = 65536;

/** After so many requests, what it took to start is not needed any more. */
const SETTLED = 1000;

/**
 * Serves a connection until it ends. Calls `onRest` when there has been no request for a while.
 *
 * Calls block and there is no promise anywhere: a request costs three system calls, a few
 * microseconds of ours, and what the image takes.
 *
 * @throws {SyscallError} the device cannot be used
 */
export function serveConnection(
  fuseFd: number,
  { service, crew, onRest }: { service: ImageService; crew: Crew; onRest: () => void },
): void {
  const request = new Request(REQUEST_ROOM);
  const heap = new HeapBound();
  let served = 0;
  const requests = new RequestWait({
    isProcessorSpare: hasSpareProcessor,
    onRest() {
      crew.dismiss();
      collectGarbage();
      releaseMemory();
      onRest();
    },
  });
  for (;;) {
    const waited = requests.wait(fuseFd);
    const received = performance.now();
    const length = readFuseRequest(fuseFd, request.buffer);
    if (length === null) return;
    if (length === 0) continue;
    if (request.receive(length)) {
      if (!answerRequest(fuseFd, { service, request })) return;
    }
    crew.note(waited, performance.now() - received);
    if (++served === SETTLED) releaseMemory();
    heap.note();
  }
}

/** Answers one request. @returns false when the connection has ended */
export function answerRequest(
  fuseFd: number,
  { service, request }: { service: ImageService; request: Request },
): boolean {
  const reply = service.answer(request);
  if (reply === null) return true;
  try {
    return writeFuseReply(fuseFd, reply);
  } catch {
    // The kernel did not take it, for want of memory or because of a mistake of ours. Nobody may be
    // left waiting for ever.
    return writeFuseReply(fuseFd, service.fail(request));
  }
}
