import { AT, attachLoopDevice, inheritOnExec, O, openat } from "../linux/mod.ts";
import type { ImagePlan } from "./plan.ts";

/**
 * Opens the file of an image that is to be started.
 *
 * @param options.superuser whether to have it shown as a block device, if there is one to be had:
 *   the kernel can mount that itself
 * @throws {SyscallError}
 */
export function openImage(
  image: ImagePlan,
  { superuser }: { superuser: boolean },
): ImagePlan {
  const fd = openat(AT.FDCWD, image.path, { flags: O.RDONLY });
  inheritOnExec(fd);
  const loopDevice = superuser ? attachLoopDevice(fd, image.offset) : null;
  if (loopDevice !== null) inheritOnExec(loopDevice.fd);
  return { ...image, opened: { fd, loopDevice } };
}
