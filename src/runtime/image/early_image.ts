/**
 * Opens the image that is to be started, before all else: a door of its own, for who comes by it
 * must not wait until the rest of this room is loaded.
 */
import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { resetSignals, runSyscalls } from "../../linux/mod.ts";
import { serverCall, serverOf } from "./image_server_call.ts";
import { type InterimService, startInterimService } from "./server/interim_service.ts";
import { invalidImage } from "./server/invalid_image.ts";
import { type ImageSource, type Owner, ServedImage } from "./server/served_image.ts";
import { leaveRows } from "../process/daemonize.ts";
import { openImage } from "./open_image.ts";
import type { Identity, OpenImage } from "../plan/plan.ts";
import type { Program } from "../plan/program.ts";
import { isInPlace } from "../process/program.ts";

/** An image that is open. */
export interface EarlyImage {
  opened: OpenImage;
  /** A process to serve it; null where there is none, or the kernel can read the image itself. */
  interim: InterimService | null;
}

/**
 * Opens an image and starts a process that serves it once it is mounted.
 *
 * @param options.caller the superuser has the image shown as a block device, if there is one to be
 *   had: the kernel can mount that itself
 * @throws {EnrootError} it is no image, where that is found out at once
 * @throws {SyscallError}
 */
export function openEarly(
  path: ByteString,
  { caller: { identity: { uid, gid }, superuser }, program }: {
    caller: { identity: Identity; superuser: boolean };
    program: Program;
  },
): EarlyImage {
  const opened = openImage(path, { superuser });
  if (opened.loopDevice !== null) return { opened, interim: null };
  const source = { imageFd: opened.fd, offset: 0, owner: { uid, gid } };
  // From source, V8 has not the flags that a fork takes.
  const interim = Deno.build.standalone ? startInterim(path, { source, program }) : null;
  if (interim === null) checkImage(path, source);
  return { opened, interim };
}

function startInterim(
  path: ByteString,
  { source, program }: { source: ImageSource & { owner: Owner }; program: Program },
): InterimService | null {
  return startInterimService({
    path,
    source,
    leave(keep) {
      resetSignals();
      runSyscalls(leaveRows({ detach: [], keep: [...keep, program.file] }));
    },
    serverOf: (socket) => isInPlace(program.path) ? serverOf(program, socket) : null,
    server: (device, handover) =>
      isInPlace(program.path) ? serverCall(program, { ...source, ...device, handover }) : null,
  });
}

function checkImage(path: ByteString, source: ImageSource): void {
  try {
    new ServedImage(source);
  } catch (error) {
    throw invalidImage(textFromByteString(path), error);
  }
}
