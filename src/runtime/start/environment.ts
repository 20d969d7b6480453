import type { ByteString } from "../../bytes/mod.ts";
import { readVerbatim } from "../../formats/environment/mod.ts";
import type { ConfigurationScript } from "../hook/configuration_script.ts";
import {
  addLiteralVariables,
  addVariableArgument,
  addVariables,
  type Environment,
  type ReadonlyEnvironment,
  substituteVariables,
} from "../plan/environ.ts";
import type { StartPlan } from "../plan/plan.ts";
import type { ReadableFiles } from "../root/readable_files.ts";

/**
 * The environment of a container before its hooks: what its own file says, then the configuration,
 * then the configuration script, then `--env`.
 *
 * Variables of the host are put into all of them but those of an image: it could be anyone's.
 */
export function containerEnvironment(
  plan: StartPlan,
  { files, host, script }: {
    files: ReadableFiles;
    host: ReadonlyEnvironment;
    script: ConfigurationScript | null;
  },
): Environment {
  const environment: Environment = new Map();
  const add = (content: ByteString) =>
    addVariables(environment, substituteVariables(content, host));
  const { variables, rest } = readVerbatim(files.read("/etc/environment") ?? "");
  addLiteralVariables(environment, variables);
  add(rest);
  for (const { content } of plan.environs) add(content);
  add(script?.environ() ?? "");
  for (const argument of plan.environment) addVariableArgument(environment, argument, host);
  return environment;
}
