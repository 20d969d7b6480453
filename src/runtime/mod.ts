/**
 * Running containers: from a plan, which is plain data, to a process inside.
 *
 * `launch()` leaves for the plan's namespaces and `carryOut()` does the rest in there;
 * `joinAndExecute()` enters the container of a process. All three end in an exec: no process of
 * ours stays behind, nothing is undone afterwards, the kernel cleans up.
 *
 * Only the modules under this door touch mounts, namespaces and credentials, through `linux`.
 */
import type { StartPlan } from "./plan.ts";

export { byteEnvironment, parseEnvironment } from "./byte_environment.ts";
export { type ContainerProcess, containerProcesses } from "./containers_running.ts";
export { addVariableArgument } from "./environ.ts";
export { joinAndExecute, type JoinOptions } from "./join.ts";
export { launch } from "./launch.ts";
export type { Program } from "./program.ts";
export type { ConfigurationFile, PlannedHook, StartPlan } from "./plan.ts";
