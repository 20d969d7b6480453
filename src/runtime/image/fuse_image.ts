import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  cloneFuseDevice,
  close,
  isSyscallError,
  mount,
  openFuseDevice,
  readSome,
} from "../../linux/mod.ts";
import type { InterimService } from "./server/interim_service.ts";
import { CLONES, type ServerTask } from "./server/server_arguments.ts";
import { sendServerTask } from "./server/server_task.ts";
import { fuseMount } from "./mount_server.ts";
import type { StartPlan } from "../plan/plan.ts";
import { requireProgram } from "../process/program.ts";
import type { ServerBroker } from "./server_broker.ts";

/** An image to be mounted through FUSE. */
export interface FuseImage {
  /** Its path, as it is shown. */
  source: ByteString;
  /** The open file. */
  fd: number;
  /** Where in the file the image begins, in bytes. */
  offset: number;
}

/** Where an image is mounted, and how. */
export interface FuseImageMount {
  target: ByteString;
  /** More flags of mount(2). */
  flags?: number;
  /** The process that serves it first; null for none, then the server proper is waited for. */
  interim: InterimService | null;
  /** By this the server proper is started where there is no process that serves it first. */
  broker: ServerBroker | null;
}

/**
 * Mounts an image and has it served.
 *
 * @throws {SyscallError}
 * @throws {EnrootError} with the reason why the image cannot be served
 */
export function mountFuseImage(
  { source, fd, offset }: FuseImage,
  { target, flags = 0, interim, broker }: FuseImageMount,
  plan: StartPlan,
): void {
  interim?.whenReady();
  const fuseFd = openFuseDevice();
  const clones: number[] = [];
  try {
    const options = fuseMount(fuseFd, plan.identity);
    const type = "fuse.squashfs";
    mount({ source, target, type, flags: options.flags | flags, data: options.data });
    if (interim !== null) return interim.serve(fuseFd);
    const { uid, gid } = plan.identity;
    for (let clone = 0; clone < CLONES; clone++) clones.push(cloneFuseDevice(fuseFd));
    if (broker === null) throw new EnrootError("it is found too late to start a server for it");
    requireProgram(plan.program);
    startServer({ fuseFd, clones, imageFd: fd, offset, owner: { uid, gid } }, broker);
  } finally {
    for (const clone of [...clones, fuseFd]) close(clone);
  }
}

/** Starts a server and waits until it serves, however slow the storage. @throws {EnrootError} why not */
function startServer(task: ServerTask, broker: ServerBroker): void {
  const connection = broker.connect();
  try {
    sendServerTask(connection, task);
    const failure = readSome(connection);
    if (failure !== "") throw new EnrootError(textFromByteString(failure));
  } catch (error) {
    if (!isSyscallError(error, "EPIPE", "ECONNRESET")) throw error;
    throw new EnrootError("the image server has died", { cause: error });
  } finally {
    close(connection);
  }
}
