import type { ByteString } from "../../bytes/mod.ts";
import { cPath } from "../call/c_path.ts";
import { AT } from "./files.ts";
import { check, libc } from "../call/libc.ts";

const symbols = libc({
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
});

/** What statx(2) tells about a file. */
export interface FileStatus {
  /** Type ({@link S}) and permission bits. */
  mode: number;
  links: number;
  uid: number;
  gid: number;
  inode: bigint;
  /** Bytes. */
  size: number;
  /** Allocated space in units of 512 bytes. */
  blocks: number;
  /** Modification time in seconds since the epoch. */
  mtime: number;
  /** The device that holds the file, as makedev(3) numbers. */
  device: { major: number; minor: number };
  /** The device that a device node stands for. */
  special: { major: number; minor: number };
  /** The mount that the file was reached through; null before Linux 5.8. */
  mountId: number | null;
}

const STATX_BASIC_STATS = 0x7ff;
const STATX_MNT_ID = 0x1000;

// struct statx is the same on every architecture, which struct stat is not.
const view = new DataView(new ArrayBuffer(256));

/** statx(2) on a name: symbolic links are not followed, nothing is mounted automatically. */
export function statusAt(directory: number, path: ByteString): FileStatus {
  return statx(directory, path, AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT);
}

/** statx(2) on an open file, O_PATH included. */
export function statusOf(fd: number): FileStatus {
  return statx(fd, "", AT.EMPTY_PATH);
}

/** A key that two statuses have in common exactly when they are of the same file. */
export function fileIdentity({ device, inode }: FileStatus): string {
  return `${device.major}:${device.minor}:${inode}`;
}

function statx(directory: number, path: ByteString, flags: number): FileStatus {
  const mask = STATX_BASIC_STATS | STATX_MNT_ID;
  check(
    symbols().statx(directory, cPath(path, "statx"), flags, mask, view),
    "statx",
    path === "" ? undefined : path,
  );
  return {
    mode: view.getUint16(28, true),
    links: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    inode: view.getBigUint64(32, true),
    size: uint64(40),
    blocks: uint64(48),
    mtime: view.getInt32(116, true) * 0x1_0000_0000 + view.getUint32(112, true) +
      view.getUint32(120, true) / 1e9,
    device: { major: view.getUint32(136, true), minor: view.getUint32(140, true) },
    special: { major: view.getUint32(128, true), minor: view.getUint32(132, true) },
    mountId: view.getUint32(0, true) & STATX_MNT_ID ? uint64(144) : null,
  };
}

function uint64(offset: number): number {
  return view.getUint32(offset + 4, true) * 0x1_0000_0000 + view.getUint32(offset, true);
}
