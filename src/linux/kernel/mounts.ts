import { type ByteString } from "../../bytes/mod.ts";
import { cString } from "../call/libc.ts";
import { rawSyscall } from "../call/raw_syscall.ts";
import { isSyscallError } from "../call/syscall_error.ts";

/** Flags of mount(2). */
export const MS = {
  RDONLY: 1,
  NOSUID: 1 << 1,
  NODEV: 1 << 2,
  NOEXEC: 1 << 3,
  SYNCHRONOUS: 1 << 4,
  REMOUNT: 1 << 5,
  MANDLOCK: 1 << 6,
  DIRSYNC: 1 << 7,
  NOATIME: 1 << 10,
  NODIRATIME: 1 << 11,
  BIND: 1 << 12,
  MOVE: 1 << 13,
  REC: 1 << 14,
  SILENT: 1 << 15,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
  RELATIME: 1 << 21,
  I_VERSION: 1 << 23,
  STRICTATIME: 1 << 24,
  LAZYTIME: 1 << 25,
} as const;

/** Flags of umount2(2). */
export const MNT_DETACH = 2;

export interface MountRequest {
  /** Device, directory, or a name that only shows; null for none. */
  source: ByteString | null;
  target: ByteString;
  /** File system type; null where the flags make it meaningless. */
  type?: ByteString | null;
  /** `MS` bits. */
  flags: number;
  /** Options for the file system itself. */
  data?: ByteString;
}

/** mount(2). @throws {SyscallError} with the target as its operand */
export function mount({ source, target, type = null, flags, data }: MountRequest): void {
  rawSyscall("mount", [
    optional(source),
    cString(target),
    optional(type),
    flags,
    data === undefined || data === "" ? null : cString(data),
  ], target);
}

/** umount2(2). @throws {SyscallError} */
export function unmount(target: ByteString, flags = 0): void {
  rawSyscall("umount2", [cString(target), flags], target);
}

/** pivot_root(2): `newRoot` becomes the root, the old root moves to `putOld`. @throws {SyscallError} */
export function pivotRoot(newRoot: ByteString, putOld: ByteString): void {
  rawSyscall("pivot_root", [cString(newRoot), cString(putOld)], newRoot);
}

/**
 * The flags of the mount a path lies on, as `MS` bits (statfs(2) `f_flags`).
 *
 * @throws {SyscallError}
 */
export function mountFlagsOf(path: ByteString): number {
  const buffer = new Uint8Array(120);
  rawSyscall("statfs", [cString(path), buffer], path);
  const flags = Number(new DataView(buffer.buffer).getBigInt64(80, true));
  const ST_RELATIME = 0x1000;
  // The remaining ST_* bits have the values of their MS_* twins.
  const same = MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC | MS.SYNCHRONOUS | MS.MANDLOCK |
    MS.NOATIME | MS.NODIRATIME;
  return (flags & same) | (flags & ST_RELATIME ? MS.RELATIME : 0);
}

/**
 * Sets the flags of one mount, not of its file system. In a user namespace the flags that the mount
 * had outside stay set: they may not be cleared there.
 *
 * @throws {SyscallError}
 */
export function remountBind(target: ByteString, flags: number): void {
  const whole = MS.REMOUNT | MS.BIND | flags;
  try {
    mount({ source: null, target, flags: whole });
  } catch (error) {
    if (!isSyscallError(error, "EPERM")) throw error;
    mount({ source: null, target, flags: whole | mountFlagsOf(target) });
  }
}

function optional(value: ByteString | null): Uint8Array<ArrayBuffer> | null {
  return value === null ? null : cString(value);
}
