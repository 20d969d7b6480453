import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  cloneFuseDevice,
  close,
  inheritOnExec,
  mount,
  openFuseDevice,
  pipe,
  readSome,
} from "../linux/mod.ts";
import type { InterimService } from "./image_server/interim_service.ts";
import { CLONES } from "./image_server/server_arguments.ts";
import { serverCall } from "./image_server_call.ts";
import { fuseMount, startMountServer } from "./mount_server.ts";
import type { StartPlan } from "./plan.ts";
import { executeCall } from "./program.ts";

/** An image to be mounted through FUSE. */
export interface FuseImage {
  /** Its path, as it is shown. */
  source: ByteString;
  /** The open file, which programs that are executed inherit. */
  fd: number;
  /** Where in the file the image begins, in bytes. */
  offset: number;
}

/** Where an image is mounted, and how. */
export interface FuseImageMount {
  target: ByteString;
  /** More flags of mount(2). */
  flags?: number;
  /** The mounts that the server must not keep alive. */
  detach: readonly ByteString[];
  /** Who serves it first; null for nobody, then the server proper is waited for. */
  interim: InterimService | null;
}

/**
 * Mounts an image and has it served.
 *
 * @throws {SyscallError}
 * @throws {EnrootError} with the reason why the image cannot be served
 */
export function mountFuseImage(
  { source, fd, offset }: FuseImage,
  { target, flags = 0, detach, interim }: FuseImageMount,
  plan: StartPlan,
): void {
  interim?.whenReady();
  const fuseFd = openFuseDevice();
  const clones: number[] = [];
  try {
    inheritOnExec(fuseFd);
    const options = fuseMount(fuseFd, plan.identity);
    const type = "fuse.squashfs";
    mount({ source, target, type, flags: options.flags | flags, data: options.data });
    if (interim !== null) return interim.serve(fuseFd);
    const { uid, gid } = plan.identity;
    for (let clone = 0; clone < CLONES; clone++) clones.push(cloneFuseDevice(fuseFd));
    clones.forEach(inheritOnExec);
    const task = { fuseFd, clones, imageFd: fd, offset, owner: { uid, gid } };
    untilServed((report) =>
      startMountServer({
        detach,
        keep: [fuseFd, ...clones, fd, report],
        execute: [executeCall(serverCall(plan.program, { ...task, report }))],
        failure: "Cannot start the image server",
      })
    );
  } finally {
    for (const clone of [...clones, fuseFd]) close(clone);
  }
}

/** Starts a server and waits until it serves, however slow the storage. @throws {EnrootError} why not */
function untilServed(start: (report: number) => void): void {
  const { reader, writer } = pipe();
  try {
    inheritOnExec(writer);
    try {
      start(writer);
    } finally {
      close(writer);
    }
    const failure = readSome(reader);
    if (failure !== "") throw new EnrootError(textFromByteString(failure));
  } finally {
    close(reader);
  }
}
