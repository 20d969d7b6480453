import { launchInPlace } from "./launch_in_place.ts";
import { launchByReexec } from "./launch_by_reexec.ts";
import type { HookLibrary } from "../hook/hook.ts";
import type { ImageServers } from "../image/image_servers.ts";
import { mayMountImages } from "./foreseen_images.ts";
import type { StartPlan } from "../plan/plan.ts";
import { readPyxisScript } from "../hook/pyxis_script.ts";
import { type ServerBroker, serverBroker, startServerBroker } from "../image/server_broker.ts";

/** What has been loaded or started for a launch. */
export interface LaunchParts extends ImageServers {
  readonly hooks: HookLibrary;
}

/**
 * Carries a plan out in namespaces of its own, up to the exec of the container's first program in
 * this process's place. The PID stays the same, unless the plan asks for a PID namespace: its first
 * process can only be a child, which a supervisor stands for.
 *
 * A process with several threads cannot change its user namespace. Where nobody else looks at the
 * process meanwhile, a stand-in does the work, and this process joins it at the end; otherwise it
 * leaves for the namespaces first and executes the program again in there.
 *
 * @throws {EnrootError} when the image is none, or the namespaces cannot be made
 * @throws {SyscallError} when not even the table can be started
 */
export function launch(plan: StartPlan, found: Omit<LaunchParts, "broker">): never {
  found.interim?.settle();
  if (canHaveStandIn(plan)) launchInPlace(plan, { ...found, broker: brokerFor(plan, found) });
  found.interim?.whenReady();
  launchByReexec(plan);
}

/** A broker, if need be; the process that serves the image first can stand for one. */
function brokerFor(plan: StartPlan, { interim }: Omit<LaunchParts, "broker">): ServerBroker | null {
  if (interim !== null) return serverBroker(interim.socket);
  return mayMountImages(plan) ? startServerBroker(plan.program) : null;
}

/**
 * Whether the process that prepares the container can be another one than runs in it: not where
 * programs of the host take part, which are told its PID.
 */
function canHaveStandIn({ namespaces, hooks, script }: StartPlan): boolean {
  if (namespaces.pid || hooks.some(({ kind }) => kind === "executable")) return false;
  return script === null || readPyxisScript(script) !== null;
}
