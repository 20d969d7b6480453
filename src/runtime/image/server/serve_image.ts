import { byteStringFromText } from "../../../bytes/mod.ts";
import { EnrootError, logError, messageOf } from "../../../diagnostics/mod.ts";
import {
  close,
  ignoreChildren,
  isSyscallError,
  sendSignal,
  writeMessage,
} from "../../../linux/mod.ts";
import { serveConnection } from "./connection.ts";
import { Crew } from "./crew.ts";
import { failureLog } from "./failure_log.ts";
import { ImageService } from "./image_service.ts";
import { type ImageSource, type Owner, ServedImage } from "./served_image.ts";
import { rehearse } from "./rehearsal.ts";
import { type Handover, READY } from "./server_arguments.ts";
import type { HelperTask } from "./worker.ts";

/** What to serve, and where. */
export interface ServeOptions {
  /** The device of a mounted connection that is not served yet. */
  fuseFd: number;
  /** The device again, for each further thread that there may be (FUSE_DEV_IOC_CLONE). */
  clones: readonly number[];
  /** The open image file. */
  imageFd: number;
  /** Where in the file the image begins, in bytes; 0 if absent. */
  offset?: number;
  /** The owner that all files appear to have; if absent, the image's. See ImageSource. */
  owner?: Owner;
  /** Most threads, one more than clones at most; if absent, as many as there are processors. */
  threads?: number;
  /** The end of a socket for the process that waits until the image is served. See ServerTask. */
  report?: number;
  /** The server that the mount is taken over from, if there was one. */
  handover?: Handover;
}

/**
 * Serves a squashfs image to a FUSE mount until the connection ends: until nobody has the mount any
 * more, or somebody has aborted it.
 *
 * Takes over the calling thread. It starts alone; when it cannot keep up, it gets the help of
 * further threads, which are workers (worker.ts). The caller exits with the result at once, which
 * ends them.
 *
 * That an image cannot be read is told before the first request is answered: to who waits for the
 * report, or else on standard error. The mount answers ENOTCONN as soon as this process is gone.
 *
 * @returns the exit code
 */
export function serveImage(
  { fuseFd, clones, imageFd, offset = 0, owner, threads, report, handover }: ServeOptions,
): number {
  const source: ImageSource = { imageFd, offset, owner: owner ?? null };
  let tell = report === undefined ? logError : reportTo(report);
  try {
    const service = new ImageService(new ServedImage(source), {
      onFailure: failureLog(),
      ...(handover === undefined ? {} : { settled: handover.settled }),
    });
    const most = Math.min(threads ?? navigator.hardwareConcurrency, clones.length + 1);
    const crew = new Crew({
      most: most - 1,
      start(calls, number) {
        const { settled } = service;
        startHelper({ fuseFd: clones[number - 1] ?? -1, source, settled, calls });
      },
    });
    if (handover !== undefined) {
      for (const _ of rehearse(service));
      takeOver(handover);
    }
    if (report !== undefined) close(report);
    ignoreChildren();
    tell = logError;
    const onRest = handover === undefined ? () => {} : endInterimService;
    serveConnection(fuseFd, { service, crew, onRest });
    return 0;
  } catch (error) {
    tell(
      error instanceof EnrootError
        ? messageOf(error)
        : `Cannot serve the image: ${messageOf(error)}`,
    );
    return 1;
  }
}

/** Tells the interim server that requests are read here. @throws {SyscallError} */
function takeOver({ ready }: Handover): void {
  try {
    writeMessage(ready, READY);
  } catch (error) {
    // The connection has ended, and that server with it.
    if (!isSyscallError(error, "EPIPE")) throw error;
  }
  close(ready);
}

/** Tells messages to the other end of a pipe or socket, as much of each as it takes at once. */
function reportTo(pipe: number): (message: string) => void {
  const PIPE_BUF = 4096;
  return (message) => writeMessage(pipe, byteStringFromText(message).slice(0, PIPE_BUF));
}

/** The interim server is the only child there can be, and should have ended long ago. */
function endInterimService(): void {
  const SIGKILL = 9;
  try {
    const children = Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/children`);
    for (const pid of children.trim().split(" ").filter(Boolean)) sendSignal(Number(pid), SIGKILL);
  } catch {
    // It has ended, or this kernel does not tell of children.
  }
}

/** The thread takes part as soon as it has loaded the program. */
function startHelper(task: HelperTask): void {
  try {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.postMessage(task);
  } catch (error) {
    // One thread more is a matter of speed; that it cannot be started is not tried again.
    logError(`Cannot start another thread: ${messageOf(error)}`);
  }
}
