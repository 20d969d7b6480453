import {
  hasControllingTerminal,
  inheritOnExec,
  openPseudoTerminal,
  type PseudoTerminal,
  type Syscall,
  terminalName,
} from "../../linux/mod.ts";

/** A session for a command that must not have the caller's terminal. */
export interface OwnSession {
  /** What takes the terminal's place; null where no standard stream is one. */
  readonly pseudoTerminal: PseudoTerminal | null;
  /** Rows for the command's process: it leaves the caller's session and terminal. */
  readonly enter: Syscall[];
}

/**
 * Prepares a session of its own, with a pseudo-terminal in place of every standard stream that is
 * a terminal. What holds another user's terminal can read what is typed there, and type itself.
 *
 * @param uid the user that the command runs as
 * @returns null where there is no terminal to protect
 * @throws {SyscallError}
 */
export function ownSession(uid: number): OwnSession | null {
  const streams = [0, 1, 2].filter((fd) => terminalName(fd) !== null);
  const [like] = streams;
  if (like === undefined && !hasControllingTerminal()) return null;
  const failure = "Cannot leave the caller's session";
  const leave: Syscall = { name: "setsid", arguments: [], failure };
  if (like === undefined) return { pseudoTerminal: null, enter: [leave] };

  const TIOCSCTTY = 0x540e;
  const pseudoTerminal = openPseudoTerminal({ like, uid });
  const { master, slave } = pseudoTerminal;
  inheritOnExec(master);
  inheritOnExec(slave);
  const enter: Syscall[] = [
    leave,
    {
      name: "ioctl",
      arguments: [slave, TIOCSCTTY, 0],
      failure: "Cannot get a controlling terminal",
    },
    ...streams.map((fd): Syscall => ({
      name: "dup3",
      arguments: [slave, fd, 0],
      failure: "Cannot use the pseudo-terminal",
    })),
    ...[master, slave].map((fd): Syscall => ({
      name: "close",
      arguments: [fd],
      ignoreError: true,
    })),
  ];
  return { pseudoTerminal, enter };
}
