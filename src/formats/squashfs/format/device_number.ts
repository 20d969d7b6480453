const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

/** A device's numbers, as makedev(3) takes them. */
export interface DeviceNumber {
  major: number;
  minor: number;
}

/** Splits a device number in the kernel's 32-bit encoding (new_decode_dev() in linux/kdev_t.h). */
export function decodeDevice(device: number): DeviceNumber {
  return {
    major: (device >>> 8) & MAX_MAJOR,
    minor: (device & 0xff) | ((device >>> 12) & 0xfff00),
  };
}

/** The kernel's 32-bit encoding of a device number, or null when it does not fit. */
export function encodeDevice({ major, minor }: DeviceNumber): number | null {
  if (!(major >= 0 && major <= MAX_MAJOR && minor >= 0 && minor <= MAX_MINOR)) return null;
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}
