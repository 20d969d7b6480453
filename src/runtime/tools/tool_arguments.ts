import { EnrootError } from "../../diagnostics/mod.ts";

/** What a helper for hooks was called with. */
export interface ToolArguments {
  /** The values of options by name; a switch that was given has the value "". */
  readonly options: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/**
 * Reads `--name VALUE` options and switches up to the first operand.
 *
 * @throws {EnrootError} `Invalid argument: …`
 */
export function readToolArguments(
  args: readonly string[],
  { switches = [], values = [] }: { switches?: readonly string[]; values?: readonly string[] },
): ToolArguments {
  const options = new Map<string, string>();
  const words = [...args];
  while (words[0]?.startsWith("--")) {
    const option = words.shift() ?? "";
    const name = option.slice("--".length);
    const value = values.includes(name) ? words.shift() : switches.includes(name) ? "" : undefined;
    if (value === undefined) throw new EnrootError(`Invalid argument: ${option}`);
    options.set(name, value);
  }
  return { options, operands: words };
}
