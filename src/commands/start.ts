import { byteStringFromText } from "../bytes/mod.ts";
import { writeStdout } from "../diagnostics/mod.ts";
import { resolveTarget } from "../store/containers.ts";
import { callerOf } from "./caller.ts";
import type { Context } from "./context.ts";
import { thisProgram } from "./this_program.ts";

export interface StartOptions {
  /** A container's name, or an image file. */
  target: string;
  command: string[];
  conf?: string;
  /** `KEY` or `KEY=VALUE`. */
  env: string[];
  rc?: string;
  /** fstab entries with `:` between the fields. */
  mounts: string[];
  /** Whether only to print what a start would do. */
  dryRun: boolean;
}

/** Starts a container in this process's place. */
export async function start(
  options: StartOptions,
  { settings, hooks }: Context,
): Promise<number> {
  const target = resolveTarget(options.target, settings.dataPath);
  const caller = callerOf(settings);
  const program = thisProgram();
  // First of all, for it gets ready while the rest is loaded.
  const image = target.kind === "image" && !options.dryRun
    ? (await import("../runtime/image/early_image.ts")).openEarly(byteStringFromText(target.path), {
      caller,
      program,
    })
    : null;
  const { makePlan } = await import("./start_plan.ts");
  const opened = image?.opened ?? null;
  const plan = makePlan(options, { target, settings, caller, program, opened });
  const { describePlan, launch } = await import("../runtime/mod.ts");
  if (!options.dryRun) launch(plan, { hooks: await hooks(), interim: image?.interim ?? null });
  writeStdout(await describePlan(plan));
  return 0;
}
