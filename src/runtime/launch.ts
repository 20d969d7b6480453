import { bytesOf, byteStringFromText } from "../bytes/mod.ts";
import { EnrootError, logError, messageOf } from "../diagnostics/mod.ts";
import {
  anonymousFile,
  AT,
  CLONE,
  cloneStandIn,
  execSyscallTable,
  inheritOnExec,
  keepCapabilitiesOnExec,
  MS,
  O,
  openat,
  pwrite,
  reasonOf,
  resetSignals,
  resultAddress,
  resultOf,
  runSyscalls,
  type StandIn,
  type Syscall,
  text,
} from "../linux/mod.ts";
import type { HookLibrary } from "./hook.ts";
import { hostFiles } from "./opened_files.ts";
import type { Identity, StartPlan } from "./plan.ts";
import { executeProgram, type Program, writeFileRows } from "./program.ts";
import { parsePyxisScript } from "./pyxis_script.ts";
import { reportStyle } from "./report_style.ts";
import { enterContainer } from "./stage.ts";

/** The names (`argv[0]`) by which the program knows that it plays a part in a start. */
export const STAGE_NAME = "enroot-runtime";
export const SUPERVISOR_NAME = "enroot-supervisor";

const SIGCHLD = 17;

/**
 * Carries a plan out in namespaces of its own, up to the exec of the container's first program in
 * this process's place. The PID stays the same, unless the plan asks for a PID namespace: its first
 * process can only be a child, which a supervisor stands for.
 *
 * A process with several threads cannot change its user namespace. Where nobody else looks at the
 * process meanwhile, a stand-in does the work (see {@link cloneStandIn}), and this process joins it
 * at the end; otherwise it leaves for the namespaces first and executes the program again in there.
 *
 * @throws {EnrootError} when the namespaces cannot be made
 * @throws {SyscallError} when not even the table can be started
 */
export function launch(plan: StartPlan, hooks: HookLibrary): never {
  if (canHaveStandIn(plan)) launchByStandIn(plan, hooks);
  launchInStages(plan, plan.program);
}

/**
 * Whether the process that prepares the container can be another one than runs in it: not where
 * programs of the host take part, which are told its PID.
 */
function canHaveStandIn({ namespaces, hooks, script }: StartPlan): boolean {
  if (namespaces.pid || hooks.some(({ kind }) => kind === "executable")) return false;
  if (script === null) return true;
  const text = hostFiles().read(byteStringFromText(script));
  return text !== null && parsePyxisScript(text) !== null;
}

function launchByStandIn(plan: StartPlan, hooks: HookLibrary): never {
  // It may be replaced at any moment from here on.
  resetSignals();
  let standIn: StandIn;
  try {
    standIn = cloneStandIn(namespaceFlags(plan));
  } catch (error) {
    throw new EnrootError(
      `Cannot create namespaces: ${reasonOf(error)}${remedyForNamespaces()}`,
      { cause: error },
    );
  }
  try {
    prepareNamespaces(plan);
    const namespaces = openNamespaces(plan);
    const command = enterContainer(plan, hooks);
    if (command === null) standIn.exit(0);
    const { rows, environment } = command;
    standIn.handOver([...joinRows(namespaces), ...rows], reportStyle(), { environment });
  } catch (error) {
    logError(messageOf(error));
    standIn.exit(1);
  }
}

function prepareNamespaces(plan: StartPlan): void {
  try {
    runSyscalls([...mapIdentity(plan), ...coverRuntimeDirectory(plan)]);
  } catch (error) {
    throw new EnrootError(`${messageOf(error)}${remedyForNamespaces()}`, { cause: error });
  }
}

/** Descriptors of the namespaces that were made, by name. Here, where the host's `/proc` is. */
function openNamespaces({ namespaces }: StartPlan): Map<string, number> {
  const { user, net, ipc, uts } = namespaces;
  const made = Object.entries({ user, mnt: true, net, ipc, uts });
  return new Map(
    made.filter(([, isMade]) => isMade)
      .map(([name]) => [name, openat(AT.FDCWD, `/proc/self/ns/${name}`, { flags: O.RDONLY })]),
  );
}

/** Rows that join namespaces. Only now may the descriptors be inherited: they keep mounts alive. */
function joinRows(namespaces: ReadonlyMap<string, number>): Syscall[] {
  return [...namespaces].flatMap(([name, fd]): Syscall[] => {
    inheritOnExec(fd);
    return [
      { name: "setns", arguments: [fd, 0], failure: `Cannot join the ${name} namespace` },
      { name: "close", arguments: [fd], ignoreError: true },
    ];
  });
}

/**
 * A table of system calls makes the namespaces in this process's place, and executes the program
 * again in there.
 */
function launchInStages(plan: StartPlan, program: Program): never {
  const planFd = anonymousFile("enroot-plan", { inherit: true });
  pwrite(planFd, bytesOf(byteStringFromText(JSON.stringify(plan))), { offset: 0 });
  const inside = [
    ...mapIdentity(plan),
    ...coverRuntimeDirectory(plan),
    ...executeProgram(program, STAGE_NAME, [planFd]),
  ];
  const table = plan.namespaces.pid
    ? childInNamespaces(plan, { inside, program, planFd })
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
  { inside, program, planFd }: { inside: Syscall[]; program: Program; planFd: number },
): Syscall[] {
  const dieWithParent = dieWithParentRow();
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
    { name: "close", arguments: [planFd], ignoreError: true },
    ...supervisorRows(program, pidFd),
    dieWithParent,
    { name: "close", arguments: [pidFd], ignoreError: true },
    ...inside,
  ];
}

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
    ...executeProgram(program, SUPERVISOR_NAME, [pidFd]),
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

/** Root without a user namespace must keep what it mounts from the host instead. */
function mapIdentity({ namespaces, identity }: StartPlan): Syscall[] {
  if (!namespaces.user) {
    return [{
      name: "mount",
      arguments: [0, text("/"), 0, MS.REC | MS.SLAVE, 0],
      failure: "Cannot make mounts private",
    }];
  }
  return identityRows(identity);
}

/**
 * Rows that say who the process is in its new user namespace, where it keeps all capabilities: it
 * may map its own ids, one line each, once setgroups(2) is denied (user_namespaces(7)).
 */
export function identityRows({ hostUid, hostGid, uid, gid }: Identity): Syscall[] {
  return [
    ...writeFileRows("/proc/self/setgroups", "deny"),
    ...writeFileRows("/proc/self/uid_map", `${uid} ${hostUid} 1\n`),
    ...writeFileRows("/proc/self/gid_map", `${gid} ${hostGid} 1\n`),
    // Root inside keeps its capabilities by itself.
    ...(uid === 0 ? [] : keepCapabilitiesOnExec()),
  ];
}

/** A private tmpfs for working files: the mount namespace is new, nobody else sees it. */
function coverRuntimeDirectory({ runtimePath }: StartPlan): Syscall[] {
  return [{
    name: "mount",
    arguments: [text("tmpfs"), text(runtimePath), text("tmpfs"), 0, text("mode=700")],
    failure: `Cannot mount a tmpfs on ${runtimePath}`,
  }];
}

/** What the host forbids, if it says so; a failing unshare(2) does not. */
function remedyForNamespaces(): string {
  const remedies = namespaceRemedies(readSysctl);
  return remedies.length === 0
    ? ""
    : ` (the host forbids user namespaces; it needs: ${remedies.join("; ")})`;
}

/** What would lift the host's restrictions on user namespaces. `read` gives a file's content. */
export function namespaceRemedies(read: (path: string) => string | null): string[] {
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
  return forbidden.filter(([path, value]) => read(path) === value).map(([, , remedy]) => remedy);
}

function readSysctl(path: string): string | null {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return null; // This kernel has no such switch.
  }
}
