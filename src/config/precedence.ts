import type { Assignment } from "./conf_file.ts";
import { isConfigurable } from "./conf_file.ts";
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
 */
export function resolveVariables(sources: Sources): Map<string, string> {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(sources.environment)) {
    if (value !== "" && isConfigurable(name)) variables.set(name, value);
  }
  const expander = makeExpander(sources.environment, variables);
  for (const { name, words } of sources.files.flat()) {
    if (variables.has(name)) continue;
    const value = expandWords(words, expander);
    if (value !== "") variables.set(name, value);
  }
  for (const { name, words } of sources.directives) {
    variables.set(name, expandWords(words, expander) || "no");
  }
  for (const [name, value] of Object.entries(sources.options)) variables.set(name, value);
  for (const spec of SETTINGS) {
    const value = variables.get(spec.name);
    const usable = value !== undefined && (spec.kind === "flag" || !isFalse(value));
    if (!usable) variables.set(spec.name, expandWords(parseWords(spec.fallback), expander));
  }
  for (const [name, value] of variables) {
    if (name.startsWith("ENROOT_") && (value === "" || isFalse(value))) variables.delete(name);
  }
  return variables;
}

/** The base directories that files may name without a thought (XDG Base Directory Specification). */
const XDG_DIRECTORIES: Readonly<Record<string, string>> = {
  XDG_RUNTIME_DIR: "/run",
  XDG_CONFIG_HOME: "~/.config",
  XDG_CACHE_HOME: "~/.cache",
  XDG_DATA_HOME: "~/.local/share",
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
  const unsetVariable = (name: string) => {
    switch (name) {
      case "HOME":
        return home();
      // Variables that bash sets by itself.
      case "UID":
      case "EUID":
        return String(Deno.uid() ?? 0);
      case "HOSTNAME":
        return Deno.hostname();
      default:
        return undefined;
    }
  };
  return {
    variable: (name) => variables.get(name) ?? (environment[name] || unsetVariable(name)),
    standIn: (name) => {
      const standIn = XDG_DIRECTORIES[name];
      return standIn === undefined ? undefined : standIn.replace("~", home);
    },
    home: (user) => user === "" ? home() : homeDirectoryOf({ name: user }),
    command: (command) =>
      BUILT_IN[command.trim()]?.() ??
        runShell(command, { ...environment, HOME: home(), ...Object.fromEntries(variables) }),
  };
}

/** What `sh -c COMMAND` prints; as in a shell, its exit code does not matter. */
function runShell(command: string, environment: Record<string, string>): string {
  const shell = new Deno.Command("/bin/sh", {
    args: ["-c", command],
    env: environment,
    clearEnv: true,
    stdin: "null",
    stderr: "inherit",
  });
  return new TextDecoder().decode(shell.outputSync().stdout);
}
