import { textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { CLONE, MS, type Syscall, withSyscallProgram } from "../../linux/mod.ts";
import { leaveRows, type Surroundings } from "../process/daemonize.ts";
import type { Identity } from "../plan/plan.ts";
import { reportStyle } from "../process/report_style.ts";

const SIGCHLD = 17;

/** What a process that serves a FUSE mount goes on with. */
export interface MountServer extends Surroundings {
  /** Executes the server. */
  readonly execute: Syscall[];
  /** What to say when it cannot be started. */
  readonly failure: string;
}

/**
 * Rows that start a server and end. The process that runs these rows is one in between: whoever
 * waits for it gets no child that it did not make.
 */
function mountServerRows(server: MountServer): Syscall[] {
  const { execute, failure } = server;
  const inServer = [...leaveRows(server), ...execute];
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
  const { success } = withSyscallProgram(
    mountServerRows(server),
    reportStyle(),
    (program) =>
      new Deno.Command(program, {
        clearEnv: true,
        stdin: "null",
        stdout: "null",
        stderr: "inherit",
      }).outputSync(),
  );
  if (!success) throw new EnrootError(textFromByteString(server.failure));
}

/** Flags and options of a read-only FUSE mount whose files belong to the caller. */
export function fuseMount(fd: number, { uid, gid }: Identity): { flags: number; data: string } {
  return {
    flags: MS.RDONLY | MS.NOSUID | MS.NODEV,
    data: `fd=${fd},rootmode=40000,user_id=${uid},group_id=${gid},default_permissions,allow_other`,
  };
}
