import { type ByteString } from "../bytes/mod.ts";
import type { ReadonlyEnvironment } from "./environ.ts";
import { substituteVariables } from "./environ.ts";
import { escapeFstabField, type MountEntry, parseFstab, parseMountArgument } from "./fstab.ts";
import type { StartPlan } from "./plan.ts";
import type { ReadableFiles } from "./root_files.ts";

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
  { files, variables }: { files: ReadableFiles; variables: ReadonlyEnvironment },
): ContainerMounts {
  const own = { path: "/etc/fstab", content: files.read("/etc/fstab") ?? "" };
  const entries = [own, ...plan.fstabs].flatMap(({ path, content }) =>
    parseFstab(substituteVariables(content, variables, escapeFstabField), {
      origin: path,
      workingDirectory: plan.workingDirectory,
    })
  );
  const asked = plan.mounts.map((value) => parseMountArgument(value, plan.workingDirectory));
  return {
    beforeHooks: entries.filter(({ pass }) => pass === -1),
    afterHooks: [...entries.filter(({ pass }) => pass === 0), ...asked],
  };
}

/** One line that a hook asks for. */
export function parseHookMount(
  line: ByteString,
  { hook, plan }: { hook: string; plan: StartPlan },
): MountEntry[] {
  return parseFstab(line, { origin: hook, workingDirectory: plan.workingDirectory });
}
