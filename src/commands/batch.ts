import { EnrootError } from "../diagnostics/mod.ts";
import type { Context } from "./context.ts";
import { start } from "./start.ts";

export interface BatchOptions {
  /** A configuration script. */
  conf: string;
  command: string[];
}

/** Starts, in this process's place, what a configuration script names in its `#ENROOT_ROOTFS=` line. */
export function batch({ conf, command }: BatchOptions, context: Context): Promise<number> {
  const target = context.settings.variables.get("ENROOT_ROOTFS");
  if (target === undefined) throw new EnrootError(`Missing directive ENROOT_ROOTFS in ${conf}`);
  return start({ target, command, conf, env: [], mounts: [], dryRun: false }, context);
}
