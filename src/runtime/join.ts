import { type ByteString, byteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  AT,
  CLONE,
  dropCapabilitiesRows,
  execSyscallTable,
  inheritOnExec,
  noNewPrivilegesRow,
  O,
  openat,
  ownershipFilterRows,
  pointers,
  resetSignals,
  statusOf,
  type Syscall,
  SyscallError,
  text,
} from "../linux/mod.ts";
import { parseEnvironment } from "./byte_environment.ts";
import { reportStyle } from "./report_style.ts";

/** Namespaces in the order in which they can be joined: capabilities come with the user namespace. */
const NAMESPACES = [
  ["user", CLONE.NEWUSER],
  ["cgroup", CLONE.NEWCGROUP],
  ["ipc", CLONE.NEWIPC],
  ["uts", CLONE.NEWUTS],
  ["net", CLONE.NEWNET],
  ["mnt", CLONE.NEWNS],
] as const;

export interface JoinOptions {
  /** Variables on top of the process's own. */
  readonly environment: ReadonlyMap<ByteString, ByteString>;
  /** The command and its arguments. */
  readonly command: readonly ByteString[];
}

/**
 * Runs a command in the container of a process: in its namespaces, working directory and
 * environment, with what a container's processes may not do (capabilities, seccomp filter).
 * Returns only by throwing.
 *
 * @throws {EnrootError} `Process not found: PID`, or what kept us out
 */
export function joinAndExecute(pid: number, { environment, command }: JoinOptions): never {
  const target = openProcess(pid);
  const joined = NAMESPACES.filter(([name]) => !sharesNamespace(target, name));
  const rows = joined.flatMap(([name, flag]) =>
    withDescriptor(openIn(target, `ns/${name}`, O.RDONLY), (fd) => ({
      name: "setns",
      arguments: [fd, flag],
      failure: `Cannot join the ${name} namespace of process ${pid}`,
    }))
  );
  rows.push(...withDescriptor(openIn(target, "cwd", O.PATH), (fd) => ({
    name: "fchdir",
    arguments: [fd],
    failure: `Cannot enter the working directory of process ${pid}`,
  })));
  if (joined.some(([name]) => name === "user")) {
    rows.push(noNewPrivilegesRow(), ...ownershipFilterRows());
    if (!isRootInside(readIn(target, "uid_map"))) rows.push(...dropCapabilitiesRows());
  }
  const variables = parseEnvironment(readIn(target, "environ").split("\0"));
  for (const [name, value] of environment) variables.set(name, value);
  rows.push(...execute(command, variables));
  resetSignals();
  execSyscallTable(rows, reportStyle());
}

/** Opens /proc/PID: what is read through it is this process's, whoever gets its number later. */
function openProcess(pid: number): number {
  try {
    return openat(AT.FDCWD, `/proc/${pid}`, { flags: O.PATH | O.DIRECTORY });
  } catch (error) {
    throw new EnrootError(`Process not found: ${pid}`, { cause: error });
  }
}

/** Rows that use a descriptor of ours, and close it: nothing of ours may reach the command. */
function withDescriptor(fd: number, use: (fd: number) => Syscall): Syscall[] {
  inheritOnExec(fd);
  return [use(fd), { name: "close", arguments: [fd], ignoreError: true }];
}

function openIn(process: number, path: string, flags: number): number {
  try {
    return openat(process, path, { flags });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new EnrootError(`Cannot join the process: ${path}: ${error.reason}`, { cause: error });
  }
}

function sharesNamespace(process: number, name: string): boolean {
  const theirs = statusOf(openIn(process, `ns/${name}`, O.RDONLY));
  const ours = statusOf(openat(AT.FDCWD, `/proc/self/ns/${name}`, { flags: O.RDONLY }));
  return theirs.inode === ours.inode;
}

function readIn(process: number, path: string): ByteString {
  const fd = openIn(process, path, O.RDONLY);
  return byteString(Deno.readFileSync(`/proc/self/fd/${fd}`));
}

/** Whether the first line of a uid_map maps somebody to 0. */
function isRootInside(uidMap: ByteString): boolean {
  return uidMap.trimStart().startsWith("0 ");
}

/** Tries the command in every directory of PATH, as execvp(3) does; the last row tells of failure. */
function execute(
  command: readonly ByteString[],
  variables: ReadonlyMap<ByteString, ByteString>,
): Syscall[] {
  const [name = ""] = command;
  const argv = pointers([...command]);
  const environment = pointers([...variables].map(([key, value]) => `${key}=${value}`));
  const execve = (path: ByteString): Syscall => ({
    name: "execve",
    arguments: [text(path), argv, environment],
    failure: `Cannot execute ${path}`,
  });
  if (name.includes("/")) return [execve(name)];
  const directories = (variables.get("PATH") ?? "/usr/bin:/bin").split(":");
  const tries = directories.map((directory) => ({
    ...execve(`${directory || "."}/${name}`),
    ignoreError: true,
  }));
  // Nothing of ours is in reach any more: a call that must fail says it.
  return [...tries, { ...execve(""), failure: `Command not found: ${textFromByteString(name)}` }];
}
