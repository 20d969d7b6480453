import type { ByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  anonymousFile,
  containerFilterRows,
  dropCapabilitiesRows,
  execSyscallTable,
  inheritOnExec,
  noNewPrivilegesRow,
  O,
  resetSignals,
  resultAddress,
  resultOf,
  type Syscall,
} from "../../linux/mod.ts";
import { parseEnvironment } from "../process/byte_environment.ts";
import { commandRows } from "../process/command_rows.ts";
import { type OwnSession, ownSession } from "../process/own_session.ts";
import { dieWithParentRow, relayRows, supervisorRows } from "../process/supervisor_rows.ts";
import type { Program } from "../plan/program.ts";
import { reportStyle } from "../process/report_style.ts";
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

  const owner = isForeign ? otherOwner(target) : null;

  const enter = [...(owner === null ? [] : becomeRows(owner)), ...join("user")];
  const directory = target.open("cwd", O.PATH);
  const inside = [...last.flatMap(join), ...directoryRows(target, directory)];
  inside.push(noNewPrivilegesRow());
  inside.push(...containerFilterRows({ fakeOwnership: isForeign }));
  if (isForeign) {
    if (target.idMap("uid_map").inside !== 0) inside.push(...dropCapabilitiesRows());
  }
  const variables = parseEnvironment(target.read("environ").split("\0"));
  for (const [name, value] of environment) variables.set(name, value);
  inside.push(...commandRows(command, variables));

  const session = isForeign && owner !== null ? ownSession(owner.uid) : null;
  resetSignals();
  const parts = { program, session, descriptors: [...descriptors.values(), directory] };
  const table = descriptors.has("pid")
    ? inPidNamespace([...enter, ...join("pid")], { ...parts, inside })
    : session !== null
    ? inChild([...enter], { ...parts, inside })
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

/** A user of the host, by its ids there. */
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The user whose container it is, where the superuser enters that of another one; else null. */
function otherOwner(target: TargetProcess): Owner | null {
  const uid = target.idMap("uid_map").outside;
  return Deno.uid() !== 0 || uid === 0 ? null : { uid, gid: target.idMap("gid_map").outside };
}

/**
 * Makes the superuser the user whose container it is: what runs in there is that user's choice, and
 * root without capabilities would still own half the files of the host.
 */
function becomeRows({ uid, gid }: Owner): Syscall[] {
  const failure = "Cannot become the owner of the container";
  return [
    { name: "setgroups", arguments: [0, 0], failure },
    { name: "setresgid", arguments: [gid, gid, gid], failure },
    { name: "setresuid", arguments: [uid, uid, uid], failure },
  ];
}

/** What a child in a container is made with. */
interface ChildParts {
  /** Rows for the child once it is where it belongs. */
  readonly inside: Syscall[];
  readonly program: Program;
  /** What the supervisor does not need. */
  readonly descriptors: readonly number[];
  readonly session: OwnSession | null;
}

/** A child goes on inside, in a session of its own; this process becomes its supervisor. */
function inChild(enter: Syscall[], parts: ChildParts): Syscall[] {
  const pidFd = anonymousFile("enroot-pid", { inherit: true });
  const begin = dieWithParentRow();
  const child = forkRow(SIGCHLD, begin);
  return [
    child,
    { name: "write", arguments: [pidFd, resultAddress(child), 8], failure: CANNOT_CREATE },
    ...superviseRows(pidFd, parts),
    begin,
    closeRow(pidFd),
    ...(parts.session?.enter ?? []),
    ...enter,
    dieWithParentRow(), // Another identity has made the kernel forget it.
    ...parts.inside,
  ];
}

/**
 * Only a child can be in another PID namespace. The child that joins it makes the one that stays,
 * on this process's account (CLONE_PARENT), and ends. This process has joined nothing, so it can
 * have threads again: it becomes the supervisor.
 */
function inPidNamespace(enter: Syscall[], parts: ChildParts): Syscall[] {
  const CLONE_PARENT = 0x8000;
  const pidFd = anonymousFile("enroot-pid", { inherit: true });
  const dieWithParent = dieWithParentRow();
  const stay = forkRow(CLONE_PARENT | SIGCHLD, dieWithParent);
  const goIn = dieWithParentRow();
  const leave = forkRow(SIGCHLD, goIn);
  return [
    leave,
    { name: "wait4", arguments: [resultOf(leave), 0, 0, 0], failure: CANNOT_CREATE },
    ...superviseRows(pidFd, parts),
    goIn,
    ...enter,
    stay,
    { name: "write", arguments: [pidFd, resultAddress(stay), 8], failure: CANNOT_CREATE },
    { name: "exit_group", arguments: [0] },
    dieWithParent,
    closeRow(pidFd),
    ...(parts.session?.enter ?? []),
    ...parts.inside,
  ];
}

const SIGCHLD = 17;
const CANNOT_CREATE = "Cannot create a process in the container";

function forkRow(flags: number, onZero: Syscall): Syscall {
  return { name: "clone", arguments: [flags, 0, 0, 0, 0], onZero, failure: CANNOT_CREATE };
}

function closeRow(fd: number): Syscall {
  return { name: "close", arguments: [fd], ignoreError: true };
}

function superviseRows(pidFd: number, { program, descriptors, session }: ChildParts): Syscall[] {
  const pseudoTerminal = session?.pseudoTerminal ?? null;
  return [
    ...descriptors.map(closeRow),
    ...(pseudoTerminal === null
      ? supervisorRows(program, pidFd)
      : relayRows(program, { pidFd, pseudoTerminal })),
  ];
}
