import type { ByteString } from "../bytes/mod.ts";
import { AT, attachLoopDevice, close, inheritOnExec, O, openat } from "../linux/mod.ts";
import type { ImagePlan } from "./plan.ts";

/**
 * Shows an image as a block device, which the kernel can mount itself: only the superuser gets one.
 *
 * @returns the device, kept until its descriptor is closed; null where there is none to be had
 * @throws {SyscallError} when the image cannot be opened
 */
export function attachImage(path: ByteString, offset: number): ImagePlan["loopDevice"] {
  const file = openat(AT.FDCWD, path, { flags: O.RDONLY });
  try {
    const device = attachLoopDevice(file, offset);
    if (device !== null) inheritOnExec(device.fd);
    return device;
  } finally {
    close(file);
  }
}
