import { CLONE, keepCapabilitiesOnExec, MS, type Syscall, text } from "../../linux/mod.ts";
import type { Identity, StartPlan } from "../plan/plan.ts";
import { writeFileRows } from "./program.ts";

/** The namespaces of a plan, as clone(2) and unshare(2) have them. */
export function namespaceFlags({ namespaces }: StartPlan): number {
  return CLONE.NEWNS | (namespaces.user ? CLONE.NEWUSER : 0) |
    (namespaces.pid ? CLONE.NEWPID : 0) | (namespaces.net ? CLONE.NEWNET : 0) |
    (namespaces.ipc ? CLONE.NEWIPC : 0) | (namespaces.uts ? CLONE.NEWUTS : 0);
}

/**
 * Rows for the first process in a plan's namespaces: who it is, and a private tmpfs for working
 * files. The mount namespace being new, no other process sees that.
 */
export function namespaceRows(plan: StartPlan): Syscall[] {
  const { namespaces, identity, runtimePath } = plan;
  return [
    ...(namespaces.user ? identityRows(identity) : [keepMountsRow()]),
    {
      name: "mount",
      arguments: [text("tmpfs"), text(runtimePath), text("tmpfs"), 0, text("mode=700")],
      failure: `Cannot mount a tmpfs on ${runtimePath}`,
    },
  ];
}

/** Root without a user namespace must keep what it mounts from the host. */
function keepMountsRow(): Syscall {
  return {
    name: "mount",
    arguments: [0, text("/"), 0, MS.REC | MS.SLAVE, 0],
    failure: "Cannot make mounts private",
  };
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

/** What the host forbids, if it says so; a failing unshare(2) or clone(2) does not. */
export function remedyForNamespaces(): string {
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
