/**
 * A further thread of the image server, started as a worker: it serves the connection of the
 * message it gets, for good, and never returns to its event loop before the connection ends.
 */
import { logError, messageOf } from "../../diagnostics/mod.ts";
import { cloneFuseDevice } from "../../linux/mod.ts";
import { serveConnection } from "./connection.ts";
import { failureLog } from "./failure_log.ts";
import { ImageService, type Session } from "./image_service.ts";
import { type ImageSource, ServedImage } from "./served_image.ts";

/** What a worker needs to take part. */
export interface WorkerTask {
  fuseFd: number;
  source: ImageSource;
  session: Session;
}

addEventListener("message", (event) => {
  const { fuseFd, source, session } = (event as MessageEvent<WorkerTask>).data;
  try {
    const service = new ImageService(new ServedImage(source), {
      session,
      onFailure: failureLog(),
    });
    serveConnection({ fuseFd: ownDevice(fuseFd), service });
  } catch (error) {
    // The first thread goes on and ends as it should.
    logError(`Cannot serve the image in another thread: ${messageOf(error)}`);
  }
});

/** Where the device cannot be opened a second time, threads share the first descriptor. */
function ownDevice(fuseFd: number): number {
  try {
    return cloneFuseDevice(fuseFd);
  } catch {
    return fuseFd;
  }
}
