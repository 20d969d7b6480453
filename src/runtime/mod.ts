/**
 * Running containers: from a plan, which is plain data, to a process inside.
 *
 * `launch()` makes the plan's namespaces and carries it out in there; `joinAndExecute()` enters the
 * container of a process. Both end in an exec: no process of ours stays behind, nothing is undone
 * afterwards, the kernel cleans up.
 *
 * Only the modules under this door touch mounts, namespaces and credentials, through `linux`. Its
 * rooms, from the bottom up:
 *
 * - `plan`: text and values, no call of the kernel (fstab, environment, accounts, what a start does)
 * - `process`: programs, namespaces, privileges, supervisors
 * - `root`: files and mounts below one root directory, and exchanging it
 * - `hook`: what standard hooks, hooks of the site and configuration scripts see
 * - `command`: what the container's first program is, and its login
 * - `image`: images mounted in place, and the processes that serve them
 * - `start`: a plan carried out, in place or by executing the program again
 * - `running`: containers that run, and joining one
 * - `tools`: helpers for hooks of the site; `check`: what a host lacks
 */
import type { ContainerProcess } from "./running/containers.ts";
import type { Finding } from "./check/host_check.ts";
import type { JoinOptions } from "./running/join.ts";
import type { StartPlan } from "./plan/plan.ts";

export { byteEnvironment, parseEnvironment } from "./process/byte_environment.ts";
export type { ContainerProcess } from "./running/containers.ts";
export { addVariableArgument } from "./plan/environ.ts";
export type { Finding } from "./check/host_check.ts";
export type { JoinOptions } from "./running/join.ts";
export { launch } from "./start/launch.ts";
export type { HookLibrary } from "./hook/hook.ts";
export type { Program } from "./plan/program.ts";
export { workingDirectory } from "./process/working_directory.ts";
export type {
  ConfigurationFile,
  Identity,
  OpenImage,
  PlannedHook,
  StartPlan,
} from "./plan/plan.ts";

/** The containers that run. `directories` of containers are recognized as their roots. */
export async function containerProcesses(
  directories: readonly string[],
): Promise<ContainerProcess[]> {
  return (await import("./running/containers.ts")).containerProcesses(directories);
}

/**
 * Finds out what this host has and lacks for running containers. Programs are looked for in `path`,
 * as PATH has it; mounts are tried on `directory`, where no other process sees them.
 */
export async function findingsOfHost(
  options: { path: string; directory: string },
): Promise<Finding[]> {
  const { checkHost } = await import("./check/host_check.ts");
  const { probedHost } = await import("./check/probed_host.ts");
  return checkHost(probedHost(options));
}

/** Runs a command in the container of a process, in this process's place. @throws {EnrootError} */
export async function joinAndExecute(pid: number, options: JoinOptions): Promise<never> {
  return (await import("./running/join.ts")).joinAndExecute(pid, options);
}

/** What a start would do, as text. @throws {EnrootError} */
export async function describePlan(plan: StartPlan): Promise<string> {
  return (await import("./start/plan_text.ts")).describePlan(plan);
}
