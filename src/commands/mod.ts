/**
 * The actions, one per verb: typed options in, exit code out.
 *
 * Each is a thin script over the rooms below; what it needs is loaded when it runs, not when this
 * door is opened, so that small commands start at once.
 */
import type { Context } from "./context.ts";
import type { ExecOptions } from "./exec.ts";
import type { StartOptions } from "./start.ts";

export type { Context, ExecOptions, StartOptions };

/** Runs a command in a running container. */
export async function exec(options: ExecOptions): Promise<number> {
  return (await import("./exec.ts")).exec(options);
}

/** Prints the version and the settings in force. */
export async function info(context: Context): Promise<number> {
  return (await import("./info.ts")).info(context);
}

/** Starts a container. */
export async function start(options: StartOptions, context: Context): Promise<number> {
  return (await import("./start.ts")).start(options, context);
}

/** Prints the version. */
export async function version(): Promise<number> {
  return (await import("./version.ts")).version();
}
