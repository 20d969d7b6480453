import { Request } from "../../formats/fuse/mod.ts";
import { readFuseRequest, writeFuseReply } from "../../linux/fuse_device.ts";
import type { ImageService } from "./image_service.ts";

/** Room for requests: batches of forgotten files are the only ones that make use of more. */
const REQUEST_ROOM = 65536;

/**
 * Serves a connection through one descriptor until the connection ends.
 *
 * Reads and writes block, and there is no promise anywhere: a request costs two system calls and
 * what the image costs.
 *
 * @param onRequest called between requests
 * @throws {SyscallError} the device cannot be used
 */
export function serveConnection(
  fuseFd: number,
  { service, onWait }: { service: ImageService; onWait: (waited: number, worked: number) => void },
): void {
  const request = new Request(REQUEST_ROOM);
  let ready = performance.now();
  for (;;) {
    const length = readFuseRequest(fuseFd, request.buffer);
    if (length === 0) return;
    const received = performance.now();
    if (request.receive(length)) {
      const reply = service.answer(request);
      if (reply !== null && !writeFuseReply(fuseFd, reply)) return;
    }
    const answered = performance.now();
    onWait(received - ready, answered - received);
    ready = answered;
  }
}
