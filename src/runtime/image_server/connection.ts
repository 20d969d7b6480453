import { Request } from "../../formats/fuse/mod.ts";
import { readFuseRequest, writeFuseReply } from "../../linux/mod.ts";
import type { ImageService } from "./image_service.ts";

/** Room for a request: only long lists of forgotten files make use of it all. */
const REQUEST_ROOM = 65536;

/** One descriptor of a connection, and who answers what comes through it. */
export interface ConnectionEnd {
  fuseFd: number;
  service: ImageService;
  /** Called after each request; see Backlog. */
  onAnswer?: (waited: number, worked: number) => void;
}

/**
 * Serves a connection through one descriptor until the connection ends.
 *
 * Reads and writes block and there is no promise anywhere: a request costs two system calls, a few
 * microseconds of ours, and what the image takes.
 *
 * @throws {SyscallError} the device cannot be used
 */
export function serveConnection({ fuseFd, service, onAnswer }: ConnectionEnd): void {
  const request = new Request(REQUEST_ROOM);
  let answered = performance.now();
  for (;;) {
    const length = readFuseRequest(fuseFd, request.buffer);
    if (length === 0) return;
    const received = performance.now();
    if (!request.receive(length)) continue;
    const reply = service.answer(request);
    if (reply !== null && !writeFuseReply(fuseFd, reply)) return;
    const before = answered;
    answered = performance.now();
    onAnswer?.(received - before, answered - received);
  }
}
