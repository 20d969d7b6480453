import type { Program } from "../runtime/mod.ts";
import { openProgram } from "../runtime/process/program.ts";

/** How to execute this very program: the compiled executable, or Deno with the source. */
export function thisProgram(): Program {
  return openProgram({
    path: Deno.execPath(),
    arguments: Deno.build.standalone ? [] : ["run", "--quiet", "--no-check", "-A", Deno.mainModule],
  });
}
