import { type ByteString, byteStringFromText, textFromByteString } from "../../../bytes/mod.ts";
import { EnrootError, logError, messageOf } from "../../../diagnostics/mod.ts";
import { Request } from "../../../formats/fuse/mod.ts";
import {
  cloneFuseDevice,
  close,
  exitProcess,
  fork,
  fuseRequestOrMessage,
  fuseRequestWaitsUnless,
  goOnAsOrphan,
  goOnInChild,
  hasMessage,
  inheritOnExec,
  isSyscallError,
  pipe,
  type ProgramCall,
  readFuseRequest,
  readSome,
  receiveDescriptor,
  sendDescriptor,
  socketPair,
  waitForChild,
  writeMessage,
} from "../../../linux/mod.ts";
import { answerRequest, REQUEST_ROOM, serveConnection } from "./connection.ts";
import { Crew } from "./crew.ts";
import { failureLog } from "./failure_log.ts";
import { ImageService } from "./image_service.ts";
import { invalidImage } from "./invalid_image.ts";
import { rehearse } from "./rehearsal.ts";
import { CLONES, type Handover, READY } from "./server_arguments.ts";
import { type ImageSource, ServedImage } from "./served_image.ts";

/** An image that is to be served soon. */
export interface InterimTask {
  /** The image's path, for messages. */
  path: ByteString;
  source: ImageSource;
  /** Has a process leave all that a server may not depend on, but for some descriptors. */
  leave(keep: readonly number[]): void;
  /** The server that takes over; null where it cannot be executed any more. */
  server(device: { fuseFd: number; clones: number[] }, handover: Handover): ProgramCall | null;
  /** The server of another mount, which it is told of by a socket; null likewise. */
  serverOf(socket: number): ProgramCall | null;
}

/** A process that waits for a mount to serve. */
export interface InterimService {
  /** By this it can have servers of further mounts started, as a ServerBroker does. */
  readonly socket: number;
  /** Clears away what is left of starting it. */
  settle(): void;
  /** Waits until the image is open. @throws {EnrootError} it cannot be read */
  whenReady(): void;
  /** Has a mount served, given its device. @throws {SyscallError} */
  serve(fuseFd: number): void;
}

/**
 * A mount that is gone after so many milliseconds needs no other server; and as long as the start
 * goes on, to boot one would take processors away from it. On a slow machine that is longer: twice
 * the time that the start took to make the mount, but it may have waited for storage.
 */
const LEAST_USE = { least: 100, most: 500 };

/** What readSome() takes at once. */
const MAX_MESSAGE = 4096;

/**
 * Starts a process that will serve an image until the server proper, which it starts if that is
 * worth it, has booted. That takes longer than all else a start does, and would be waited for.
 *
 * The process is a fork of this one: there at once, while this one goes on to make the mount. If it
 * never gets a mount it ends as soon as this one does.
 *
 * @returns null where there can be no fork
 * @throws {SyscallError}
 */
export function startInterimService(task: InterimTask): InterimService | null {
  const [here, there] = socketPair();
  const child = tryFork();
  if (child === 0) {
    close(here);
    try {
      goOnAsOrphan();
      serveMeanwhile(task, there);
      exitProcess(0);
    } catch (error) {
      // Where it is the start that has died no process listens.
      if (!isSyscallError(error, "EPIPE")) logError(messageOf(error));
      exitProcess(1);
    }
  }
  close(there);
  if (child === null) {
    close(here);
    return null;
  }
  return {
    socket: here,
    settle: () => void waitForChild(child),
    whenReady() {
      const answer = readSome(here);
      if (answer === READY) return;
      throw new EnrootError(
        answer === ""
          ? `Cannot serve ${textFromByteString(task.path)}: the process has died`
          : textFromByteString(answer),
      );
    },
    serve(fuseFd) {
      sendDescriptor(here, fuseFd);
      // Older kernels clone it only in the user namespace where it was opened: here.
      for (let clones = 0; clones < 1 + CLONES; clones++) {
        const clone = cloneFuseDevice(fuseFd);
        try {
          sendDescriptor(here, clone);
        } finally {
          close(clone);
        }
      }
    },
  };
}

/** As fork(); null also where the kernel has no room for one, as where memory is not overcommitted. */
function tryFork(): number | null {
  try {
    return fork();
  } catch (error) {
    if (!isSyscallError(error, "ENOMEM", "EAGAIN")) throw error;
    return null;
  }
}

/** What the fork does. */
function serveMeanwhile(
  { path, source, leave, server, serverOf }: InterimTask,
  socket: number,
): void {
  const service = openImage(path, source);
  const isOpen = service instanceof ImageService;
  writeMessage(socket, isOpen ? READY : byteStringFromText(service.message).slice(0, MAX_MESSAGE));
  if (!isOpen) return;
  leave([source.imageFd, socket]);
  for (const _ of rehearse(service)) if (hasMessage(socket)) break;
  const descriptors: number[] = [];
  while (descriptors.length < 2 + CLONES) {
    const fd = receiveDescriptor(socket);
    if (fd === null) return;
    descriptors.push(fd);
  }
  // The second is for this process: requests that it leaves unanswered fail when it ends.
  const [fuseFd = -1, ownFd = -1, ...clones] = descriptors;
  const request = new Request(REQUEST_ROOM);
  /** @returns false when the connection has ended */
  const answerNext = (): boolean => {
    const length = readFuseRequest(ownFd, request.buffer);
    if (length === null) return false;
    if (length === 0 || !request.receive(length)) return true;
    return answerRequest(ownFd, { service, request });
  };
  const mounted = performance.now();
  const end = mounted + Math.min(Math.max(LEAST_USE.least, 2 * mounted), LEAST_USE.most);
  // As long as the start goes on, it may come to mount further images.
  for (let starting = true, left = end - mounted; starting || left > 0;) {
    const { request, message } = fuseRequestOrMessage(ownFd, {
      socket: starting ? socket : -1,
      patience: starting ? -1 : Math.ceil(left),
    });
    if (request && !answerNext()) return;
    if (message) starting = startFurther(socket, serverOf);
    left = end - performance.now();
  }
  close(socket);
  const { reader, writer } = pipe();
  const call = server({ fuseFd, clones }, { ready: writer, settled: service.settled });
  if (call !== null) {
    inheritOnExec(writer);
    for (const fd of [fuseFd, ...clones]) inheritOnExec(fd);
    goOnInChild(call);
  }
  close(writer);
  for (const fd of [fuseFd, ...clones]) close(fd);
  while (fuseRequestWaitsUnless(ownFd, reader)) if (!answerNext()) return;
  // The server may have failed to come, for want of memory or of a program: the container goes on.
  if (readSome(reader) !== READY) serveAlone(ownFd, service);
}

/**
 * Takes a message from a start: the socket for the server of a further mount, which is started.
 *
 * @returns false at the end of the start
 */
function startFurther(socket: number, serverOf: InterimTask["serverOf"]): boolean {
  const theirs = receiveDescriptor(socket);
  if (theirs === null) return false;
  const call = serverOf(theirs);
  if (call !== null) {
    inheritOnExec(theirs);
    goOnInChild(call);
  }
  close(theirs);
  return true;
}

/** Serves a connection to its end with this thread only: there is no more in a fork. */
function serveAlone(fuseFd: number, service: ImageService): void {
  const crew = new Crew({ most: 0, start: () => {} });
  serveConnection(fuseFd, { service, crew, onRest: () => {} });
}

/** Opens the image, or says why it cannot be read. */
function openImage(path: ByteString, source: ImageSource): ImageService | EnrootError {
  try {
    return new ImageService(new ServedImage(source), { onFailure: failureLog() });
  } catch (error) {
    return invalidImage(textFromByteString(path), error);
  }
}
