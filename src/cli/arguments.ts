import { parseArgs } from "@std/cli/parse-args";
import type { CommandName, CommandSpec, OptionSpec } from "./command_table.ts";

/** The user asked for help, or wrote something that only the usage can answer. */
export class UsageError extends Error {
  override name = "UsageError";

  /** @param command Whose usage to print; undefined for the general one. */
  constructor(message: string, readonly command?: CommandName) {
    super(message);
  }
}

/** A command's arguments, read but not yet understood. */
export interface Arguments {
  help: boolean;
  operands: readonly string[];
  /** Whether a switch was given. */
  has(option: string): boolean;
  /** The last value given to an option. */
  value(option: string): string | undefined;
  /** All values given to a repeatable option, in order. */
  values(option: string): string[];
}

/**
 * Reads the arguments of a command: options up to the first operand or `--`, then operands.
 *
 * A command with actions has one of them in front, which becomes its first operand.
 *
 * The grammar is stricter than getopt's. Each option stands alone, so there is no `-fo`; a short
 * option takes its value from the next argument only, a long one also after `=`; no value is empty.
 *
 * @throws UsageError
 */
export function readArguments(
  args: readonly string[],
  { name, spec }: { name: CommandName; spec: CommandSpec },
): Arguments {
  const action = readAction(args, { name, actions: spec.actions ?? [] });
  const { tokens, operands, help } = splitOptions(args.slice(action.length), {
    name,
    options: spec.options,
  });
  const names = (accept: (option: OptionSpec) => boolean) =>
    spec.options.filter(accept).map((option) => option.long);
  // parse-args guesses where its input is ambiguous; these tokens leave it nothing to guess.
  const parsed: Record<string, unknown> = parseArgs(tokens, {
    boolean: names((option) => option.value === undefined),
    string: names((option) => option.value !== undefined),
    collect: names((option) => option.repeatable === true),
  });
  if (!help && operands.length < spec.minOperands) {
    throw new UsageError(`Missing argument: ${missingOperand(operands.length, spec)}`, name);
  }
  const extra = operands[spec.maxOperands];
  if (!help && extra !== undefined) throw new UsageError(`Invalid argument: ${extra}`, name);
  return {
    help,
    operands: [...action, ...operands],
    has: (option) => parsed[option] === true,
    value: (option) => {
      const value = parsed[option];
      return typeof value === "string" ? value : undefined;
    },
    values: (option) => {
      const values = parsed[option];
      return Array.isArray(values) ? values.map(String) : [];
    },
  };
}

/** The action at the beginning, if there has to be one. */
function readAction(
  args: readonly string[],
  { name, actions }: { name: CommandName; actions: readonly string[] },
): string[] {
  const [action] = args;
  if (actions.length === 0 || action === "-h" || action === "--help") return [];
  if (action === undefined) throw new UsageError(`Missing argument: ${actions.join("|")}`, name);
  if (!actions.includes(action)) throw new UsageError(`Invalid argument: ${action}`, name);
  return [action];
}

interface SplitArguments {
  /** Options in their long form: `--name` or `--name=value`. */
  tokens: string[];
  operands: readonly string[];
  help: boolean;
}

function splitOptions(
  args: readonly string[],
  { name, options }: { name: CommandName; options: readonly OptionSpec[] },
): SplitArguments {
  const tokens: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") return { tokens, operands: args.slice(at + 1), help: false };
    if (arg === "-h" || arg === "--help") return { tokens, operands: [], help: true };
    if (arg === "-" || !arg.startsWith("-")) {
      return { tokens, operands: args.slice(at), help: false };
    }
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    const form = equals === -1 ? arg : arg.slice(0, equals);
    const option = options.find(({ long, short }) =>
      form === `--${long}` || (short !== undefined && form === `-${short}`)
    );
    if (option === undefined || (option.value === undefined && equals !== -1)) {
      throw new UsageError(`Invalid argument: ${arg}`, name);
    }
    if (option.value === undefined) {
      tokens.push(`--${option.long}`);
      continue;
    }
    const value = equals === -1 ? args[++at] : arg.slice(equals + 1);
    if (value === undefined || value === "") {
      throw new UsageError(`Missing argument: ${form} ${option.value}`, name);
    }
    tokens.push(`--${option.long}=${value}`);
  }
  return { tokens, operands: [], help: false };
}

function missingOperand(count: number, { operands }: CommandSpec): string {
  return (operands.split(" ")[count] ?? operands).replace("...", "");
}
