import { AT, O, type PseudoTerminal, resultOf, type Syscall, text } from "../../linux/mod.ts";
import type { Program } from "../plan/program.ts";
import { executeFoundProgram } from "./program.ts";

/** The name (`argv[0]`) by which the program knows that it supervises a container. */
const SUPERVISOR_NAME = "enroot-supervisor";

/**
 * Rows that make this process the supervisor of the child whose PID is in a file. It must not touch
 * the standard streams, which are the child's, but it holds them: who sees a terminal or a pipe
 * close takes the program for ended.
 */
export function supervisorRows(program: Program, pidFd: number): Syscall[] {
  const F_DUPFD = 0, ABOVE = 64;
  const failure = "Cannot open /dev/null";
  const open: Syscall = {
    name: "openat",
    arguments: [AT.FDCWD, text("/dev/null"), O.RDWR, 0],
    failure,
  };
  // Errors: what the caller had closed cannot be held, and may be the new descriptor itself.
  return [
    open,
    ...[0, 1, 2].flatMap((fd): Syscall[] => [
      { name: "fcntl", arguments: [fd, F_DUPFD, ABOVE], ignoreError: true },
      { name: "dup3", arguments: [resultOf(open), fd, 0], ignoreError: true },
    ]),
    executeFoundProgram(program, SUPERVISOR_NAME, [pidFd]),
  ];
}

/**
 * Rows that make this process the supervisor of the child whose PID is in a file, which has a
 * pseudo-terminal in place of this process's terminal: the supervisor relays between the two.
 */
export function relayRows(
  program: Program,
  { pidFd, pseudoTerminal: { master, slave } }: { pidFd: number; pseudoTerminal: PseudoTerminal },
): Syscall[] {
  return [
    { name: "close", arguments: [slave], ignoreError: true },
    executeFoundProgram(program, SUPERVISOR_NAME, [pidFd, master]),
  ];
}

/** A row for a child that must not outlive its supervisor (prctl(2), PR_SET_PDEATHSIG). */
export function dieWithParentRow(): Syscall {
  const SIGKILL = 9, PR_SET_PDEATHSIG = 1;
  return {
    name: "prctl",
    arguments: [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0],
    failure: "Cannot tie the container to its supervisor",
  };
}
