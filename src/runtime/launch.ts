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
  resultOf,
  type Syscall,
  text,
} from "../linux/mod.ts";
import { byteEnvironment } from "./byte_environment.ts";
import type { Identity, StartPlan } from "./plan.ts";
import { reportStyle } from "./report_style.ts";

/** How to run this very program again. */
export interface Program {
  /** The executable. */
  readonly path: string;
  /** What goes before the program's own arguments (none for a compiled executable). */
  readonly arguments: readonly string[];
}

/** The name (`argv[0]`) by which the program knows that it runs inside, to carry a plan out. */
export const STAGE_NAME = "enroot-runtime";

const AT_FDCWD = -100;
const O_WRONLY = 1;

/**
 * Leaves for a plan's namespaces and has the program carry the plan out in there.
 *
 * A process with several threads cannot change its user namespace: a table of system calls does,
 * in this process's place, and executes the program again. The PID stays the same.
 *
 * @throws {SyscallError} when not even the table can be started
 */
export function launch(plan: StartPlan, program: Program): never {
  const planFd = anonymousFile("enroot-plan", { inherit: true });
  pwrite(planFd, bytesOf(byteStringFromText(JSON.stringify(plan))), { offset: 0 });
  execSyscallTable(
    [...enterNamespaces(plan), ...stage(program, planFd)],
    reportStyle(remedyForNamespaces()),
  );
}

function enterNamespaces({ namespaces, identity }: StartPlan): Syscall[] {
  const flags = CLONE.NEWNS | (namespaces.user ? CLONE.NEWUSER : 0) |
    (namespaces.net ? CLONE.NEWNET : 0) | (namespaces.ipc ? CLONE.NEWIPC : 0) |
    (namespaces.uts ? CLONE.NEWUTS : 0);
  const rows: Syscall[] = [
    { name: "unshare", arguments: [flags], failure: "Cannot create namespaces" },
  ];
  if (namespaces.user) rows.push(...mapIdentity(identity));
  else {
    rows.push({
      name: "mount",
      arguments: [0, text("/"), 0, MS.REC | MS.SLAVE, 0],
      failure: "Cannot make mounts private",
    });
  }
  return rows;
}

/** user_namespaces(7): a process may map its own ids, one line each, once setgroups(2) is denied. */
function mapIdentity({ hostUid, hostGid, uid, gid }: Identity): Syscall[] {
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

function stage(program: Program, planFd: number): Syscall[] {
  const argv = [STAGE_NAME, ...program.arguments, String(planFd)].map(byteStringFromText);
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
