import { byteStringFromText } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  addVariableArgument,
  byteEnvironment,
  type ContainerProcess,
  containerProcesses,
  joinAndExecute,
  parseEnvironment,
} from "../runtime/mod.ts";
import { findTarget } from "../store/containers.ts";
import type { Context } from "./context.ts";
import { thisProgram } from "./this_program.ts";

export interface ExecOptions {
  /** The PID of a process inside the container, or the name of a container that runs once. */
  target: string;
  command: string[];
  /** `KEY` or `KEY=VALUE`. */
  env: string[];
}

/** Runs a command in a running container, in this process's place. */
export async function exec(
  { target, command, env }: ExecOptions,
  context: () => Promise<Context>,
): Promise<number> {
  const { pid, mountNamespace } = /^[1-9][0-9]{0,9}$/.test(target)
    ? { pid: Number(target), mountNamespace: null }
    : await findProcess(target, await context());
  const environment = new Map();
  const host = parseEnvironment(byteEnvironment());
  for (const argument of env) addVariableArgument(environment, byteStringFromText(argument), host);
  return await joinAndExecute(pid, {
    environment,
    command: command.map(byteStringFromText),
    mountNamespace,
    program: thisProgram(),
  });
}

/** The first process of the container (or image) of this name, if it runs exactly once. */
async function findProcess(name: string, { settings }: Context): Promise<ContainerProcess> {
  const { kind, path } = findTarget(name, settings.dataPath);
  const all = await containerProcesses(kind === "container" ? [path] : []);
  const processes = all.filter(({ root }) => root?.path === path);
  const [first, ...others] = processes;
  if (first === undefined) throw new EnrootError(`Cannot enter ${name}: it does not run`);
  if (others.length === 0) return first;
  const pids = processes.map(({ pid }) => pid).join(", ");
  throw new EnrootError(`Cannot enter ${name}: it runs ${processes.length} times, as PID ${pids}`);
}
