import type { ByteString } from "../bytes/mod.ts";
import { cloneFuseDevice, close, inheritOnExec, mount, openFuseDevice } from "../linux/mod.ts";
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
  /** Who serves it first; null for nobody, then the first request waits for the server. */
  interim: InterimService | null;
}

/**
 * Mounts an image and has it served, without waiting for its server to boot.
 *
 * @throws {SyscallError} or {EnrootError}
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
    startMountServer({
      detach,
      keep: [fuseFd, ...clones, fd],
      execute: [executeCall(serverCall(plan.program, task))],
      failure: "Cannot start the image server",
    });
  } finally {
    for (const clone of [...clones, fuseFd]) close(clone);
  }
}
