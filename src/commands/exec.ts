import { byteStringFromText } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  addVariableArgument,
  byteEnvironment,
  joinAndExecute,
  parseEnvironment,
} from "../runtime/mod.ts";

export interface ExecOptions {
  /** A process inside the container. */
  pid: string;
  command: string[];
  /** `KEY` or `KEY=VALUE`. */
  env: string[];
}

/** Runs a command in a running container, in this process's place. */
export function exec({ pid, command, env }: ExecOptions): never {
  if (!/^[1-9][0-9]{0,9}$/.test(pid)) throw new EnrootError(`Invalid argument: ${pid}`);
  const environment = new Map();
  const host = parseEnvironment(byteEnvironment());
  for (const argument of env) addVariableArgument(environment, byteStringFromText(argument), host);
  joinAndExecute(Number(pid), { environment, command: command.map(byteStringFromText) });
}
