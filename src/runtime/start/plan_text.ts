import { type ByteString, byteStringFromText, textFromByteString } from "../../bytes/mod.ts";
import { containerEnvironment } from "./environment.ts";
import { containerMounts, namespaceMounts } from "./mounts.ts";
import type { MountEntry } from "../plan/fstab.ts";
import { formatMountEntry } from "../plan/mount_text.ts";
import { rootFiles } from "../root/rootfs_files.ts";
import type { PlannedHook, StartPlan } from "../plan/plan.ts";
import { openRootDirectory } from "../root/root_directory.ts";
import type { ReadableFiles } from "../root/readable_files.ts";

/**
 * A plan as text, for people and for tests: one fact a line, `KEY: VALUE`, in the order in which a
 * start goes about them.
 *
 * Control characters and backslashes are written as `\NNN`, in mounts also blanks. Nothing is run:
 * what hooks and a configuration script would add is not there. Nor is what an image says itself.
 */
export function describePlan(plan: StartPlan): string {
  if (plan.image !== null) return planText(plan, NO_FILES);
  using root = openRootDirectory(plan.rootfs);
  return planText(plan, rootFiles(root, plan.rootfs));
}

/** As {@link describePlan}, given the container's files. */
export function planText(plan: StartPlan, files: ReadableFiles): string {
  const host = new Map(plan.hostEnvironment);
  const environment = containerEnvironment(plan, { files, host, script: null });
  const variables = new Map(host).set("ENROOT_ROOTFS", plan.rootfs);
  const mounts = containerMounts(plan, { files, variables, script: null });
  const { command } = plan;
  const facts: Fact[] = [
    ...isolation(plan),
    ["rootfs", escapeControls(plan.rootfs)],
    ...factsOf("script", plan.script === null ? [] : [byteStringFromText(plan.script)]),
    ...factsOf("environment", [...environment].map(([name, value]) => `${name}=${value}`)),
    ...mountLines(mounts.beforeHooks),
    ...mountLines(namespaceMounts(plan)),
    ...factsOf("hook", plan.hooks.map(nameOf)),
    ...mountLines(mounts.afterHooks),
    ["writable", yesOrNo(plan.writable)],
    ["capabilities", plan.identity.uid === 0 ? "all" : "none"],
    ["filter", plan.namespaces.user ? "ownership" : "none"],
    ["login", yesOrNo(plan.loginShell)],
    ["rc", escapeControls(command.rc ?? "/etc/rc")],
    ...factsOf("argument", command.arguments),
  ];
  return facts.map(([key, value]) => `${key}: ${textFromByteString(value)}\n`).join("");
}

type Fact = [key: string, value: ByteString];

function isolation({ namespaces, identity, runtimePath, image }: StartPlan): Fact[] {
  const { hostUid, hostGid, uid, gid } = identity;
  const made = ["user", "pid", "net", "ipc", "uts"] as const;
  const names = ["mnt", ...made.filter((name) => namespaces[name])];
  const maps: Fact[] = [["uid_map", `${uid} ${hostUid} 1`], ["gid_map", `${gid} ${hostGid} 1`]];
  return [
    ["namespaces", names.join(" ")],
    ...(namespaces.user ? maps : []),
    ["runtime", escapeControls(runtimePath)],
    ...factsOf("image", image === null ? [] : [image.path]),
  ];
}

function mountLines(entries: readonly MountEntry[]): Fact[] {
  return entries.map((entry) => ["mount", formatMountEntry(entry)]);
}

function factsOf(key: string, values: readonly ByteString[]): Fact[] {
  return values.map((value) => [key, escapeControls(value)]);
}

function nameOf(hook: PlannedHook): ByteString {
  return hook.kind === "standard" ? hook.name : byteStringFromText(hook.path);
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}

function escapeControls(value: ByteString): ByteString {
  return value.replace(
    /[\x00-\x1f\x7f\\]/g,
    (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

/** An image that is not mounted. */
const NO_FILES: ReadableFiles = {
  read: () => null,
  status: () => null,
  readLink: () => null,
  realPath: () => null,
  list: () => [],
};
