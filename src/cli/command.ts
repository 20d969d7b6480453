import { type Arguments, readArguments, UsageError } from "./arguments.ts";
import { type CommandName, COMMANDS, isCommandName } from "./command_table.ts";

/** What the command line asks for. Absent options are absent fields. */
export type Command =
  | { verb: "help"; command?: CommandName }
  | { verb: "batch"; conf: string; command: string[] }
  | {
    verb: "bundle";
    image: string;
    all: boolean;
    checksum: boolean;
    force: boolean;
    desc?: string;
    output?: string;
    target?: string;
  }
  | {
    verb: "cache";
    action: "list" | "verify" | "prune";
    olderThan?: string;
    maxSize?: string;
  }
  | { verb: "check" }
  | { verb: "create"; image: string; name?: string; force: boolean }
  | { verb: "digest"; uri: string; arch?: string }
  | { verb: "exec"; target: string; command: string[]; env: string[] }
  | { verb: "export"; name: string; output?: string; force: boolean }
  | { verb: "import"; uri: string; arch?: string; output?: string; force: boolean }
  | { verb: "info" }
  | { verb: "list"; fancy: boolean; json: boolean }
  | { verb: "load"; uri: string; arch?: string; name?: string; force: boolean }
  | { verb: "remove"; names: string[]; force: boolean }
  | {
    verb: "start";
    target: string;
    command: string[];
    conf?: string;
    env: string[];
    rc?: string;
    root: boolean;
    rw: boolean;
    mounts: string[];
    pid: boolean;
    net: boolean;
    ipc: boolean;
    uts: boolean;
    dryRun: boolean;
  }
  | { verb: "version" };

/**
 * Understands the arguments of the program.
 *
 * @throws UsageError
 */
export function parseCommand(args: readonly string[]): Command {
  const [word, ...rest] = args;
  if (word === undefined) throw new UsageError("");
  if (word === "help" || word === "-h" || word === "--help") {
    const [topic] = rest;
    return topic !== undefined && isCommandName(topic)
      ? { verb: "help", command: topic }
      : { verb: "help" };
  }
  if (!isCommandName(word)) throw new UsageError(`Invalid argument: ${word}`);
  const given = readArguments(rest, { name: word, spec: COMMANDS[word] });
  return given.help ? { verb: "help", command: word } : understand(word, given);
}

function understand(verb: CommandName, given: Arguments): Command {
  const [first = "", ...others] = given.operands;
  const force = given.has("force");
  switch (verb) {
    case "batch":
      return { verb, conf: first, command: others };
    case "bundle":
      return {
        verb,
        image: first,
        all: given.has("all"),
        checksum: given.has("checksum"),
        force,
        ...optional(given, ["desc", "output", "target"]),
      };
    case "cache":
      return { verb, ...cacheAction(first, given) };
    case "check":
    case "info":
    case "version":
      return { verb };
    case "create":
      return { verb, image: first, force, ...optional(given, ["name"]) };
    case "digest":
      return { verb, uri: first, ...optional(given, ["arch"]) };
    case "exec":
      return { verb, target: first, command: others, env: given.values("env") };
    case "export":
      return { verb, name: first, force, ...optional(given, ["output"]) };
    case "import":
      return { verb, uri: first, force, ...optional(given, ["arch", "output"]) };
    case "list":
      return { verb, fancy: given.has("fancy"), json: given.has("json") };
    case "load":
      return { verb, uri: first, force, ...optional(given, ["arch", "name"]) };
    case "remove":
      return { verb, names: [first, ...others], force };
    case "start":
      return {
        verb,
        target: first,
        command: others,
        env: given.values("env"),
        mounts: given.values("mount"),
        root: given.has("root"),
        rw: given.has("rw"),
        pid: given.has("pid"),
        net: given.has("net"),
        ipc: given.has("ipc"),
        uts: given.has("uts"),
        dryRun: given.has("dry-run"),
        ...optional(given, ["conf", "rc"]),
      };
  }
}

function cacheAction(action: string, given: Arguments): Omit<Command & { verb: "cache" }, "verb"> {
  const olderThan = given.value("older-than");
  const maxSize = given.value("max-size");
  if (action === "prune") {
    return {
      action,
      ...(olderThan === undefined ? {} : { olderThan }),
      ...(maxSize === undefined ? {} : { maxSize }),
    };
  }
  if (olderThan !== undefined) throw new UsageError("Invalid argument: --older-than", "cache");
  if (maxSize !== undefined) throw new UsageError("Invalid argument: --max-size", "cache");
  return { action: action === "verify" ? action : "list" };
}

/** The options among these that were given, with their values. */
function optional<K extends string>(given: Arguments, names: readonly K[]): { [N in K]?: string } {
  const present: { [N in K]?: string } = {};
  for (const name of names) {
    const value = given.value(name);
    if (value !== undefined) present[name] = value;
  }
  return present;
}
