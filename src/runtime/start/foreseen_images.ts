import { EnrootError } from "../../diagnostics/mod.ts";
import { SyscallError } from "../../linux/mod.ts";
import { evaluatePyxisScript, readPyxisScript } from "../hook/pyxis_script.ts";
import { isImageMount, isReadable } from "../image/mounted_image.ts";
import type { StartPlan } from "../plan/plan.ts";
import { openRootDirectory } from "../root/root_directory.ts";
import { rootFiles } from "../root/rootfs_files.ts";
import { containerMounts } from "./mounts.ts";

/**
 * Whether the start of a container may come to mount images besides its root. That is to be known
 * before its namespaces are made; what only comes to light in there is taken for one.
 */
export function mayMountImages(plan: StartPlan): boolean {
  const { image, hooks, rootfs } = plan;
  if (image !== null || hooks.some(({ kind }) => kind === "executable")) return true;
  const known = plan.script === null ? null : readPyxisScript(plan.script);
  if (plan.script !== null && known === null) return true;
  try {
    using root = openRootDirectory(rootfs);
    const files = rootFiles(root, rootfs);
    const host = new Map(plan.hostEnvironment);
    const script = known === null ? null : evaluatePyxisScript(known, { host, files });
    const variables = new Map(host).set("ENROOT_ROOTFS", rootfs);
    const { beforeHooks, afterHooks } = containerMounts(plan, { files, variables, script });
    return [...beforeHooks, ...afterHooks].some((entry) =>
      isImageMount(entry) || entry.plain && !isReadable(entry.source)
    );
  } catch (error) {
    if (!(error instanceof SyscallError || error instanceof EnrootError)) throw error;
    return false; // There will be no container.
  }
}
