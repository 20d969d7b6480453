import { type ByteString } from "../../bytes/mod.ts";
import type { ConfigurationScript } from "../hook/configuration_script.ts";
import type { ReadonlyEnvironment } from "../plan/environ.ts";
import {
  type MountEntry,
  parseFstab,
  parseMountArgument,
  substituteInFstab,
} from "../plan/fstab.ts";
import type { StartPlan } from "../plan/plan.ts";
import type { ReadableFiles } from "../root/readable_files.ts";

/** The mounts of a container by the time they are made. */
export interface ContainerMounts {
  readonly beforeHooks: readonly MountEntry[];
  readonly afterHooks: readonly MountEntry[];
}

/**
 * The mounts that a container's own fstab, the configuration and `--mount` ask for, in order.
 *
 * @param options.variables what `${NAME}` in files stands for, `ENROOT_ROOTFS` among it
 * @throws {EnrootError} naming the line that makes no sense
 */
export function containerMounts(
  plan: StartPlan,
  { files, variables, script }: {
    files: ReadableFiles;
    variables: ReadonlyEnvironment;
    script: ConfigurationScript | null;
  },
): ContainerMounts {
  const own = { path: "/etc/fstab", content: files.read("/etc/fstab") ?? "" };
  const entries = [own, ...plan.fstabs].flatMap(({ path, content }) =>
    parseFstab(substituteInFstab(content, variables), {
      origin: path,
      workingDirectory: plan.workingDirectory,
    })
  );
  const scripted = parseFstab(script?.mounts() ?? "", {
    origin: plan.script ?? "",
    workingDirectory: plan.workingDirectory,
  });
  const asked = plan.mounts.map((value) => parseMountArgument(value, plan.workingDirectory));
  return {
    beforeHooks: entries.filter(({ pass }) => pass === -1),
    afterHooks: [...entries.filter(({ pass }) => pass === 0), ...scripted, ...asked],
  };
}

/**
 * The file systems that show a namespace and so cannot be the host's: `/proc` shows the processes,
 * `/sys` the network interfaces. They take the place of what is there. And what lets the host's root
 * change the kernel's settings becomes read-only.
 */
export function namespaceMounts(plan: StartPlan): MountEntry[] {
  const { namespaces, identity, workingDirectory } = plan;
  const lines: string[] = [];
  if (namespaces.pid) {
    lines.push("none /proc none x-detach,nofail,silent");
    lines.push("proc /proc proc x-create=dir,nosuid,nodev,noexec");
  }
  if (namespaces.net) {
    lines.push("none /sys none x-detach,nofail,silent");
    lines.push("sysfs /sys sysfs x-create=dir,nosuid,nodev,noexec,ro");
  }
  // The kernel asks for no capability where the host's root writes to these (proc_sys(5)).
  if (identity.hostUid === 0) {
    for (const path of ["/proc/sys", "/proc/sysrq-trigger"]) {
      lines.push(`${path} ${path} none bind,ro,nosuid,nodev,noexec,nofail,silent`);
    }
  }
  return parseFstab(lines.join("\n"), { origin: "namespaces", workingDirectory });
}

/** The fstab lines that a hook asks for, whatever pass they name. */
export function parseHookMounts(
  lines: ByteString,
  { hook, plan }: { hook: string; plan: StartPlan },
): MountEntry[] {
  return parseFstab(lines, { origin: `hook ${hook}`, workingDirectory: plan.workingDirectory });
}
