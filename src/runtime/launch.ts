import { bytesOf, byteStringFromText } from "../bytes/mod.ts";
import {
  anonymousFile,
  CLONE,
  execSyscallTable,
  keepCapabilitiesOnExec,
  memory,
  MS,
  pointers,
  pwrite,
  resultAddress,
  resultOf,
  type Syscall,
  text,
} from "../linux/mod.ts";
import { byteEnvironment } from "./byte_environment.ts";
import type { StartPlan } from "./plan.ts";
import { reportStyle } from "./report_style.ts";

/** How to run this very program again. */
export interface Program {
  /** The executable. */
  readonly path: string;
  /** What goes before the program's own arguments (none for a compiled executable). */
  readonly arguments: readonly string[];
}

/** The names (`argv[0]`) by which the program knows that it plays a part in a start. */
export const STAGE_NAME = "enroot-runtime";
export const SUPERVISOR_NAME = "enroot-supervisor";

const AT_FDCWD = -100;
const O_WRONLY = 1;

/**
 * Leaves for a plan's namespaces and has the program carry the plan out in there.
 *
 * A process with several threads cannot change its user namespace: a table of system calls does,
 * in this process's place, and executes the program again. The PID stays the same, unless the plan
 * asks for a PID namespace: its first process can only be a child, which a supervisor stands for.
 *
 * @throws {SyscallError} when not even the table can be started
 */
export function launch(plan: StartPlan, program: Program): never {
  const planFd = anonymousFile("enroot-plan", { inherit: true });
  pwrite(planFd, bytesOf(byteStringFromText(JSON.stringify(plan))), { offset: 0 });
  const inside = [...mapIdentity(plan), ...execute(program, STAGE_NAME, planFd)];
  const table = plan.namespaces.pid
    ? childInNamespaces(plan, { inside, program })
    : [...unshareNamespaces(plan), ...inside];
  execSyscallTable(table, reportStyle(remedyForNamespaces()));
}

function namespaceFlags({ namespaces }: StartPlan): number {
  return CLONE.NEWNS | (namespaces.user ? CLONE.NEWUSER : 0) |
    (namespaces.pid ? CLONE.NEWPID : 0) | (namespaces.net ? CLONE.NEWNET : 0) |
    (namespaces.ipc ? CLONE.NEWIPC : 0) | (namespaces.uts ? CLONE.NEWUTS : 0);
}

function unshareNamespaces(plan: StartPlan): Syscall[] {
  return [{
    name: "unshare",
    arguments: [namespaceFlags(plan)],
    failure: "Cannot create namespaces",
  }];
}

/** The child goes on inside; this process becomes its supervisor and stays outside. */
function childInNamespaces(
  plan: StartPlan,
  { inside, program }: { inside: Syscall[]; program: Program },
): Syscall[] {
  const SIGCHLD = 17, SIGKILL = 9, PR_SET_PDEATHSIG = 1;
  const dieWithParent: Syscall = {
    name: "prctl",
    arguments: [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0],
    failure: "Cannot tie the container to its supervisor",
  };
  const clone: Syscall = {
    name: "clone",
    arguments: [namespaceFlags(plan) | SIGCHLD, 0, 0, 0, 0],
    onZero: dieWithParent,
    failure: "Cannot create namespaces",
  };
  const pidFd = anonymousFile("enroot-pid", { inherit: true });
  return [
    clone,
    {
      name: "write",
      arguments: [pidFd, resultAddress(clone), 8],
      failure: "Cannot pass the PID on",
    },
    ...execute(program, SUPERVISOR_NAME, pidFd),
    dieWithParent,
    ...inside,
  ];
}

/**
 * user_namespaces(7): a process may map its own ids, one line each, once setgroups(2) is denied.
 * Root without a user namespace must keep what it mounts from the host instead.
 */
function mapIdentity({ namespaces, identity }: StartPlan): Syscall[] {
  if (!namespaces.user) {
    return [{
      name: "mount",
      arguments: [0, text("/"), 0, MS.REC | MS.SLAVE, 0],
      failure: "Cannot make mounts private",
    }];
  }
  const { hostUid, hostGid, uid, gid } = identity;
  return [
    ...writeFile("/proc/self/setgroups", "deny"),
    ...writeFile("/proc/self/uid_map", `${uid} ${hostUid} 1\n`),
    ...writeFile("/proc/self/gid_map", `${gid} ${hostGid} 1\n`),
    // Root inside keeps its capabilities by itself.
    ...(uid === 0 ? [] : keepCapabilitiesOnExec()),
  ];
}

function writeFile(path: string, content: string): Syscall[] {
  const failure = `Cannot write ${path}`;
  const open: Syscall = {
    name: "openat",
    arguments: [AT_FDCWD, text(path), O_WRONLY, 0],
    failure,
  };
  const bytes = bytesOf(content);
  return [
    open,
    { name: "write", arguments: [resultOf(open), memory(bytes), bytes.length], failure },
    { name: "close", arguments: [resultOf(open)], ignoreError: true },
  ];
}

/** Executes the program in one of its parts, which gets a descriptor to read from. */
function execute(program: Program, name: string, fd: number): Syscall[] {
  const argv = [name, ...program.arguments, String(fd)].map(byteStringFromText);
  return [{
    name: "execve",
    arguments: [
      text(byteStringFromText(program.path)),
      pointers(argv),
      pointers(byteEnvironment()),
    ],
    failure: `Cannot execute ${byteStringFromText(program.path)}`,
  }];
}

/** What the host forbids, if it says so; a failing unshare(2) does not. */
function remedyForNamespaces(): string {
  const forbidden: [path: string, value: string, remedy: string][] = [
    ["/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"],
    ["/proc/sys/user/max_mnt_namespaces", "0", "sysctl -w user.max_mnt_namespaces=15000"],
    [
      "/proc/sys/kernel/unprivileged_userns_clone",
      "0",
      "sysctl -w kernel.unprivileged_userns_clone=1",
    ],
    [
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
      "1",
      "an AppArmor profile for enroot with the rule 'userns,', or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ],
  ];
  const remedies = forbidden.filter(([path, value]) => readSysctl(path) === value)
    .map(([, , remedy]) => remedy);
  return remedies.length === 0
    ? ""
    : ` (the host forbids user namespaces; it needs: ${remedies.join("; ")})`;
}

function readSysctl(path: string): string | null {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return null; // This kernel has no such switch.
  }
}
