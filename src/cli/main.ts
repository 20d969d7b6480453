import type { Context } from "../commands/mod.ts";
import {
  logError,
  messageOf,
  printableLines,
  writeStderr,
  writeStdout,
} from "../diagnostics/mod.ts";
import { UsageError } from "./arguments.ts";
import { parseCommand } from "./command.ts";
import { refuseOtherBytes } from "./not_utf8.ts";
import { runCommand } from "./run_command.ts";
import { commandUsage, generalUsage } from "./usage.ts";

/**
 * Runs the program with these arguments and says which code to exit with.
 *
 * Whatever a command throws ends here, as one line.
 *
 * @param options.hooks loads the hooks that come with the program, where they are needed
 */
export async function main(
  args: readonly string[],
  { hooks }: Pick<Context, "hooks">,
): Promise<number> {
  const environment = Deno.env.toObject();
  try {
    const command = parseCommand(args);
    refuseOtherBytes(command);
    return await runCommand(command, { environment, hooks });
  } catch (error) {
    reportError(error, environment["ENROOT_DEBUG"] !== undefined);
    return 1;
  }
}

function reportError(error: unknown, debug: boolean): void {
  if (error instanceof UsageError) {
    try {
      writeStdout(error.command === undefined ? generalUsage() : commandUsage(error.command));
    } catch {
      // Where the usage cannot be written, the line below still says what is wrong.
    }
    if (error.message !== "") logError(error.message);
    return;
  }
  logError(messageOf(error) || "Unknown error");
  if (debug && error instanceof Error) writeStderr(`${printableLines(stackOf(error))}\n`);
}

function stackOf(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\nCaused by: ${stackOf(error.cause)}` : own;
}
