import { type CommandName, COMMANDS, type CommandSpec, type OptionSpec } from "./command_table.ts";

/** What `enroot help` prints. */
export function generalUsage(): string {
  const entries = Object.entries<CommandSpec>(COMMANDS);
  const width = Math.max(...entries.map(([name]) => name.length));
  const lines = entries.map(([name, spec]) =>
    `   ${name.padEnd(width)} ${synopsis(spec)}`.trimEnd() + "\n"
  );
  return "Usage: enroot COMMAND [ARG...]\n\n" +
    "Command line utility for manipulating container sandboxes.\n\n" +
    ` Commands:\n${lines.join("")}`;
}

/** What `enroot COMMAND --help` prints. */
export function commandUsage(name: CommandName): string {
  const spec: CommandSpec = COMMANDS[name];
  return `Usage: enroot ${name} ${synopsis(spec)}`.trimEnd() + `\n\n${spec.description}\n` +
    section("Schemes", spec.schemes ?? []) +
    section("Options", spec.options.map((option) => [optionForm(option), option.help]));
}

function synopsis({ actions, options, operands }: CommandSpec): string {
  if (actions !== undefined) return `${actions.join("|")} [options]`;
  if (operands === "") return options.length === 0 ? "" : "[options]";
  return `[options] [--] ${operands}`;
}

function optionForm({ short, long, value }: OptionSpec): string {
  const form = `${short === undefined ? "   " : `-${short},`} --${long}`;
  return value === undefined ? form : `${form} ${value}`;
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return "";
  const width = Math.max(...rows.map(([left]) => left.length));
  return `\n ${title}:\n` +
    rows.map(([left, right]) => `   ${left.padEnd(width)}  ${right}\n`).join("");
}
