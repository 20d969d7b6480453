/**
 * The hooks that come with enroot.
 *
 * Each is a module of its own, named for the script of which it takes the place, and sees a
 * container only through the hook interface of the runtime: it reads facts, changes files and
 * environment, asks for mounts. A file of the same name in a `hooks.d` directory replaces it.
 */
import { EnrootError } from "../src/diagnostics/mod.ts";
import type { Hook, HookLibrary } from "../src/runtime/hook/hook.ts";
import { aptfix } from "./10_aptfix.ts";
import { cgroups } from "./10_cgroups.ts";
import { devices } from "./10_devices.ts";
import { home } from "./10_home.ts";
import { localtime } from "./10_localtime.ts";
import { shadow } from "./10_shadow.ts";
import { slurmPmi } from "./extra/50_slurm_pmi.ts";
import { slurmPytorch } from "./extra/50_slurm_pytorch.ts";

/** The standard hooks, in their order, then those that administrators turn on. */
export const HOOKS: readonly Hook[] = [
  aptfix,
  cgroups,
  devices,
  home,
  localtime,
  shadow,
  slurmPmi,
  slurmPytorch,
];

/** What the runtime takes from here. */
export const HOOK_LIBRARY: HookLibrary = {
  find(name) {
    const found = HOOKS.find((hook) => hook.name === name);
    if (found === undefined) throw new EnrootError(`No such hook: ${name}`);
    return found;
  },
  library: () => Deno.readFileSync(new URL("../conf/common.sh", import.meta.url)),
};
