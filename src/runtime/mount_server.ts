import type { ByteString } from "../bytes/mod.ts";
import { textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  AT,
  CLONE,
  close,
  MNT_DETACH,
  MS,
  O,
  resultOf,
  type Syscall,
  syscallProgram,
  text,
} from "../linux/mod.ts";
import type { Identity } from "./plan.ts";
import { reportStyle } from "./report_style.ts";

const SIGCHLD = 17;

/** What a process that serves a FUSE mount goes on with. */
export interface MountServer {
  /** The mounts it must not keep alive: the one it serves, and all that lies on it. */
  readonly detach: readonly ByteString[];
  /** Executes the server. */
  readonly execute: Syscall[];
  /** What to say when it cannot be started. */
  readonly failure: string;
}

/**
 * Rows that start a server and end: a process of its own session that lives in a copy of the mount
 * namespace without the mount, so that the mount goes with its last user, and the server with it.
 * It holds nothing of its parent's but standard error.
 *
 * The process that runs these rows is one in between: whoever waits for it gets no child that it
 * did not make.
 */
function mountServerRows({ detach, execute, failure }: MountServer): Syscall[] {
  const openNull = openRow("/dev/null");
  const inServer: Syscall[] = [
    // The mount itself may lie on one that went before it.
    ...detach.map((path): Syscall => ({
      name: "umount2",
      arguments: [text(path), MNT_DETACH],
      ignoreError: true,
    })),
    { name: "setsid", arguments: [], failure },
    openNull,
    { name: "dup3", arguments: [resultOf(openNull), 0, 0], failure },
    { name: "dup3", arguments: [resultOf(openNull), 1, 0], failure },
    ...execute,
  ];
  return [
    {
      name: "clone",
      arguments: [CLONE.NEWNS | SIGCHLD, 0, 0, 0, 0],
      failure,
      ...(inServer[0] === undefined ? {} : { onZero: inServer[0] }),
    },
    { name: "exit_group", arguments: [0] },
    ...inServer,
  ];
}

/**
 * Starts a server from here, with the descriptors that it shall inherit.
 *
 * @throws {EnrootError} when it cannot be started
 */
export function startMountServer(server: MountServer): void {
  const program = syscallProgram(mountServerRows(server), reportStyle());
  try {
    const { success } = new Deno.Command(`/proc/self/fd/${program}`, {
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).outputSync();
    if (!success) throw new EnrootError(textFromByteString(server.failure));
  } finally {
    close(program);
  }
}

/** A row that opens a file for reading and writing. */
function openRow(path: string): Syscall {
  return {
    name: "openat",
    arguments: [AT.FDCWD, text(path), O.RDWR, 0],
    failure: `Cannot open ${path}`,
  };
}

/** Flags and options of a read-only FUSE mount whose files belong to the caller. */
export function fuseMount(fd: number, { uid, gid }: Identity): { flags: number; data: string } {
  return {
    flags: MS.RDONLY | MS.NOSUID | MS.NODEV,
    data: `fd=${fd},rootmode=40000,user_id=${uid},group_id=${gid},default_permissions,allow_other`,
  };
}
