import type { ByteString } from "../../bytes/mod.ts";
import { AT, attachLoopDevice, inheritOnExec, O, openat } from "../../linux/mod.ts";
import type { OpenImage } from "../plan/plan.ts";

/**
 * Opens the file of an image that is to be started: where its namespaces are made, its path may be
 * covered.
 *
 * @param options.superuser whether to have it shown as a block device, if there is one to be had:
 *   the kernel can mount that itself
 * @throws {SyscallError}
 */
export function openImage(path: ByteString, { superuser }: { superuser: boolean }): OpenImage {
  const fd = openat(AT.FDCWD, path, { flags: O.RDONLY });
  inheritOnExec(fd);
  const loopDevice = superuser ? attachLoopDevice(fd, 0) : null;
  if (loopDevice !== null) inheritOnExec(loopDevice.fd);
  return { fd, loopDevice };
}
