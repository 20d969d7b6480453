import { type ByteString } from "../../bytes/mod.ts";
import { AT, close, O, openat } from "../file/files.ts";
import { rawSyscall } from "../call/raw_syscall.ts";
import { isSyscallError, SyscallError } from "../call/syscall_error.ts";

const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;

/** A block device that shows a file (loop(4)). */
export interface LoopDevice {
  path: ByteString;
  /** Open on the device, which goes away when it is used no more. */
  fd: number;
}

/**
 * Shows a file, from an offset in bytes on, as a read-only block device.
 *
 * @returns null where there are no loop devices for us
 */
export function attachLoopDevice(file: number, offset: number): LoopDevice | null {
  try {
    for (let attempt = 0; attempt < 16; attempt++) {
      const device = tryAttach(file, offset);
      if (device !== null) return device;
    }
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
  return null;
}

/** @returns null when another process took the free device first */
function tryAttach(file: number, offset: number): LoopDevice | null {
  const control = openat(AT.FDCWD, "/dev/loop-control", { flags: O.RDWR });
  let number: number;
  try {
    number = rawSyscall("ioctl", [control, LOOP_CTL_GET_FREE, 0]);
  } finally {
    close(control);
  }
  const path = `/dev/loop${number}`;
  const fd = openat(AT.FDCWD, path, { flags: O.RDONLY });
  try {
    // struct loop_config: descriptor, block size, struct loop_info64, reserved.
    const config = new DataView(new ArrayBuffer(304));
    config.setUint32(0, file, true);
    config.setBigUint64(8 + 24, BigInt(offset), true);
    config.setUint32(8 + 52, LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR, true);
    rawSyscall("ioctl", [fd, LOOP_CONFIGURE, new Uint8Array(config.buffer)], path);
    return { path, fd };
  } catch (error) {
    close(fd);
    if (isSyscallError(error, "EBUSY")) return null;
    throw error;
  }
}
