import type { ByteString } from "../../bytes/mod.ts";
import {
  AT,
  hasCloseRange,
  MNT_DETACH,
  O,
  openDescriptors,
  resultOf,
  type Syscall,
  text,
} from "../../linux/mod.ts";

/** What a process that serves a FUSE mount leaves, and what it keeps. */
export interface Surroundings {
  /** The mounts it must not keep alive: the one it serves, and all that lies on it. */
  readonly detach: readonly ByteString[];
  /** The descriptors it needs besides standard error. */
  readonly keep: readonly number[];
}

/**
 * Rows by which a process leaves everything that it could keep alive or that could end it: so the
 * mount, which it must not have in a mount namespace that is not its own, goes with its last user,
 * and the server with it. It gets a session of its own and holds nothing of its parent's but
 * standard error.
 */
export function leaveRows({ detach, keep }: Surroundings): Syscall[] {
  const failure = "Cannot leave the caller";
  const openNull: Syscall = {
    name: "openat",
    arguments: [AT.FDCWD, text("/dev/null"), O.RDWR, 0],
    failure: "Cannot open /dev/null",
  };
  return [
    // The mount itself may lie on one that went before it.
    ...detach.map((path): Syscall => ({
      name: "umount2",
      arguments: [text(path), MNT_DETACH],
      ignoreError: true,
    })),
    { name: "setsid", arguments: [], failure },
    { name: "chdir", arguments: [text("/")], failure },
    openNull,
    { name: "dup3", arguments: [resultOf(openNull), 0, 0], failure },
    { name: "dup3", arguments: [resultOf(openNull), 1, 0], failure },
    ...closeAllBut([0, 1, 2, ...keep]),
  ];
}

/** Closes by close_range(2), or one by one what is open now where the kernel lacks it. */
function closeAllBut(keep: readonly number[]): Syscall[] {
  const LAST = 0xffff_ffff;
  if (!hasCloseRange()) {
    return openDescriptors().filter((fd) => !keep.includes(fd))
      .map((fd) => ({ name: "close", arguments: [fd], ignoreError: true }));
  }
  const kept = [...keep].sort((one, other) => one - other);
  return kept.flatMap((fd, index): Syscall[] => {
    const next = kept[index + 1] ?? LAST + 1;
    if (next <= fd + 1) return [];
    return [{ name: "close_range", arguments: [fd + 1, next - 1, 0], ignoreError: true }];
  });
}
