import type { ByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  anonymousFile,
  dropCapabilitiesRows,
  execSyscallTable,
  inheritOnExec,
  noNewPrivilegesRow,
  O,
  ownershipFilterRows,
  resetSignals,
  resultAddress,
  resultOf,
  type Syscall,
} from "../linux/mod.ts";
import { parseEnvironment } from "./byte_environment.ts";
import { commandRows } from "./command_rows.ts";
import { dieWithParentRow, supervisorRows } from "./supervisor_rows.ts";
import type { Program } from "./program.ts";
import { reportStyle } from "./report_style.ts";
import {
  isNamespaceName,
  type NamespaceName,
  NAMESPACES,
  openProcess,
  ownNamespace,
  type TargetProcess,
} from "./target_process.ts";

export interface JoinOptions {
  /** Variables on top of the process's own. */
  readonly environment: ReadonlyMap<ByteString, ByteString>;
  /** The command and its arguments. */
  readonly command: readonly ByteString[];
  /** The inode number of the mount namespace that the process must be in; null for any container. */
  readonly mountNamespace: string | null;
  /** How to run this very program again, to supervise the command in a PID namespace. */
  readonly program: Program;
}

/**
 * Runs a command in the container of a process: in its namespaces, working directory and
 * environment, with what a container's processes may not do (capabilities, seccomp filter).
 * Returns only by throwing.
 *
 * @throws {EnrootError} `Process not found: PID`, or what kept us out
 */
export function joinAndExecute(
  pid: number,
  { environment, command, mountNamespace, program }: JoinOptions,
): never {
  const target = openProcess(pid);
  checkIsInContainer(target, mountNamespace);
  const descriptors = openNamespaces(target);
  const join = (name: NamespaceName) => joinRows(target, { name, fd: descriptors.get(name) });
  const last = [...descriptors.keys()].filter((name) => name !== "user" && name !== "pid");
  const isForeign = descriptors.has("user");

  const enter = [...(isForeign ? becomeOwner(target) : []), ...join("user")];
  const directory = target.open("cwd", O.PATH);
  const inside = [...last.flatMap(join), ...directoryRows(target, directory)];
  inside.push(noNewPrivilegesRow());
  if (isForeign) {
    inside.push(...ownershipFilterRows());
    if (target.idMap("uid_map").inside !== 0) inside.push(...dropCapabilitiesRows());
  }
  const variables = parseEnvironment(target.read("environ").split("\0"));
  for (const [name, value] of environment) variables.set(name, value);
  inside.push(...commandRows(command, variables));

  resetSignals();
  const table = descriptors.has("pid")
    ? inChild([...enter, ...join("pid")], {
      inside,
      program,
      descriptors: [...descriptors.values(), directory],
    })
    : [...enter, ...inside];
  execSyscallTable(table, reportStyle());
}

/**
 * A container has a mount namespace of its own, and the lock file of its start at its root. Whoever
 * is in that namespace already must have the same root.
 */
function checkIsInContainer(target: TargetProcess, mountNamespace: string | null): void {
  const theirs = target.namespace("mnt");
  if (mountNamespace !== null && theirs !== mountNamespace) {
    throw new EnrootError(`Process not found: ${target.pid}`); // It was there a moment ago.
  }
  const isReachable = theirs !== ownNamespace("mnt") || target.sharesRoot();
  if (!isReachable || !target.isInContainer()) {
    throw new EnrootError(`Cannot enter process ${target.pid}: it runs in no container`);
  }
}

/** Descriptors of the namespaces that differ from ours, in the order in which they can be joined. */
export function openNamespaces(target: TargetProcess): Map<NamespaceName, number> {
  const descriptors = new Map<NamespaceName, number>();
  for (const name of Object.keys(NAMESPACES).filter(isNamespaceName)) {
    const own = ownNamespace(name);
    if (own === null || own === target.namespace(name)) continue;
    descriptors.set(name, target.open(`ns/${name}`, O.RDONLY));
  }
  return descriptors;
}

/** Rows that join a namespace; none without a descriptor. */
export function joinRows(
  { pid }: TargetProcess,
  { name, fd }: { name: NamespaceName; fd: number | undefined },
): Syscall[] {
  if (fd === undefined) return [];
  return withDescriptor(fd, {
    name: "setns",
    arguments: [fd, NAMESPACES[name]],
    failure: `Cannot join the ${name} namespace of process ${pid}`,
  });
}

function directoryRows({ pid }: TargetProcess, fd: number): Syscall[] {
  return withDescriptor(fd, {
    name: "fchdir",
    arguments: [fd],
    failure: `Cannot enter the working directory of process ${pid}`,
  });
}

/** A row that uses a descriptor of ours, which is then closed: none may reach the command. */
function withDescriptor(fd: number, row: Syscall): Syscall[] {
  inheritOnExec(fd);
  return [row, { name: "close", arguments: [fd], ignoreError: true }];
}

/**
 * Makes the superuser the user whose container it is: what runs in there is that user's choice, and
 * root without capabilities would still own half the files of the host.
 */
function becomeOwner(target: TargetProcess): Syscall[] {
  const uid = target.idMap("uid_map").outside;
  const gid = target.idMap("gid_map").outside;
  if (Deno.uid() !== 0 || uid === 0) return [];
  const failure = "Cannot become the owner of the container";
  return [
    { name: "setgroups", arguments: [0, 0], failure },
    { name: "setresgid", arguments: [gid, gid, gid], failure },
    { name: "setresuid", arguments: [uid, uid, uid], failure },
  ];
}

/**
 * Only a child can be in another PID namespace. The child that joins it makes the one that stays,
 * on this process's account (CLONE_PARENT), and ends. This process has joined nothing, so it can
 * have threads again: it becomes the supervisor.
 */
function inChild(
  enter: Syscall[],
  { inside, program, descriptors }: {
    inside: Syscall[];
    program: Program;
    descriptors: number[];
  },
): Syscall[] {
  const SIGCHLD = 17, CLONE_PARENT = 0x8000;
  const failure = "Cannot create a process in the container";
  const pidFd = anonymousFile("enroot-pid", { inherit: true });
  const fork = (flags: number, onZero: Syscall): Syscall => ({
    name: "clone",
    arguments: [flags, 0, 0, 0, 0],
    onZero,
    failure,
  });
  const closeRow = (fd: number): Syscall => ({
    name: "close",
    arguments: [fd],
    ignoreError: true,
  });

  const dieWithParent = dieWithParentRow();
  const stay = fork(CLONE_PARENT | SIGCHLD, dieWithParent);
  const goIn = dieWithParentRow();
  const leave = fork(SIGCHLD, goIn);
  return [
    leave,
    { name: "wait4", arguments: [resultOf(leave), 0, 0, 0], failure },
    ...descriptors.map(closeRow),
    ...supervisorRows(program, pidFd),
    goIn,
    ...enter,
    stay,
    { name: "write", arguments: [pidFd, resultAddress(stay), 8], failure },
    { name: "exit_group", arguments: [0] },
    dieWithParent,
    closeRow(pidFd),
    ...inside,
  ];
}
