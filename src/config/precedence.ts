import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { bashVariable, bashVariables } from "./bash_variables.ts";
import { type Assignment, isConfigurable } from "./conf_file.ts";
import { type Expander, expandWords } from "./expansion.ts";
import { homeDirectoryOf } from "./home_directory.ts";
import { SETTINGS } from "./setting_table.ts";
import { parseWords } from "./shell_words.ts";

/** Where settings come from, weakest first; defaults are weaker than all of them. */
export interface Sources {
  /** enroot.conf and enroot.conf.d/*.conf, in order. */
  files: readonly Assignment[][];
  environment: Readonly<Record<string, string>>;
  /** `#ENROOT_X=y` lines of a configuration script. */
  directives: readonly Assignment[];
  /** Variables that stand for command-line options. */
  options: Readonly<Record<string, string>>;
}

const FALSE = /^(?:no?|N[oO]?|[fF](?:alse)?|FALSE)$/;

/** Whether a text counts as unset although it is not empty. */
function isFalse(text: string): boolean {
  return FALSE.test(text);
}

/**
 * The variables in force, defaults included. A variable that is set to nothing is as good as unset:
 * the next weaker source is asked. One that is set to a false word stays unset.
 *
 * @throws EnrootError naming the setting, the file and the line whose value cannot be expanded.
 */
export function resolveVariables(sources: Sources): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(sources.environment)) {
    if (value !== "" && isConfigurable(name)) variables.set(name, value);
  }
  const expander = makeExpander(sources.environment, variables);
  for (const assignment of sources.files.flat()) {
    if (variables.has(assignment.name)) continue;
    const value = expandValue(assignment, expander);
    if (value !== "") variables.set(assignment.name, value);
  }
  for (const directive of sources.directives) {
    variables.set(directive.name, expandValue(directive, expander) || "no");
  }
  for (const [name, value] of Object.entries(sources.options)) variables.set(name, value);
  for (const spec of SETTINGS) {
    const value = variables.get(spec.name);
    const usable = value !== undefined && (spec.kind === "flag" || !isFalse(value));
    if (!usable) variables.set(spec.name, expandFallback(spec.fallback, expander));
  }
  for (const [name, value] of variables) {
    if (name.startsWith("ENROOT_") && (value === "" || isFalse(value))) variables.delete(name);
  }
  return variables;
}

/** Most defaults are plain words. */
function expandFallback(text: string, expander: Expander): string {
  return /^[\w./-]*$/.test(text) ? text : expandWords(parseWords(text), expander);
}

function expandValue({ name, words, place }: Assignment, expander: Expander): string {
  try {
    return expandWords(words, expander);
  } catch (error) {
    throw new EnrootError(`Cannot expand ${name} in ${place}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * What files may name without a thought: the base directories (XDG Base Directory Specification),
 * and the directories of the program, which are known before the files are read.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  XDG_RUNTIME_DIR: "/run",
  XDG_CONFIG_HOME: "~/.config",
  XDG_CACHE_HOME: "~/.cache",
  XDG_DATA_HOME: "~/.local/share",
  ENROOT_LIBRARY_PATH: "/usr/lib/enroot",
  ENROOT_SYSCONF_PATH: "/etc/enroot",
};

/** Commands that configuration files commonly call, answered without a process. */
const BUILT_IN: Readonly<Record<string, () => string>> = {
  "nproc": () => String(navigator.hardwareConcurrency),
  "id -u": () => String(Deno.uid() ?? 0),
  "id -g": () => String(Deno.gid() ?? 0),
};

function makeExpander(
  environment: Readonly<Record<string, string>>,
  variables: ReadonlyMap<string, string>,
): Expander {
  let ownHome: string | undefined;
  const home = () =>
    ownHome ??= environment["HOME"] || homeDirectoryOf({ uid: Deno.uid() ?? 0 }) || "/";
  const assigned = new Map<string, string>();
  const given = (name: string) =>
    // An empty base directory is as good as none.
    Object.hasOwn(STAND_INS, name) ? environment[name] || undefined : environment[name];
  const shell = () => ({
    ...environment,
    ...bashVariables(environment),
    HOME: home(),
    ...Object.fromEntries([...variables, ...assigned]),
  });
  return {
    variable: (name) =>
      name === "HOME" ? home() : variables.get(name) ?? assigned.get(name) ??
        bashVariable(name, environment) ?? given(name),
    standIn: (name) =>
      Object.hasOwn(STAND_INS, name) ? STAND_INS[name]?.replace("~", home) : undefined,
    assign: (name, value) => assigned.set(name, value),
    home: (user) => user === "" ? home() : homeDirectoryOf({ name: user }),
    command: (command) =>
      BUILT_IN[command.trim()]?.() ??
        runShell(command, { environment: shell(), stderr: "inherit" }).output,
    arithmetic: (expression) => {
      const { success, output } = runShell(`printf %s "$((${expression}))"`, {
        environment: shell(),
        stderr: "null",
      });
      if (!success) throw new EnrootError(`cannot calculate ${expression}`);
      return output;
    },
  };
}

/**
 * What `sh -c COMMAND` prints; as in a shell, an exit code does not matter where a value is made of
 * it. The shell says which variables there are none of (`-u`).
 */
function runShell(
  command: string,
  { environment, stderr }: { environment: Record<string, string>; stderr: "inherit" | "null" },
): { success: boolean; output: string } {
  const shell = new Deno.Command("/bin/sh", {
    args: ["-uc", command],
    env: environment,
    clearEnv: true,
    stdin: "null",
    stderr,
  });
  const { success, stdout } = shell.outputSync();
  return { success, output: new TextDecoder().decode(stdout) };
}
