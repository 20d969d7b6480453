/**
 * Entry point: the name the program was called by says which of its roles it plays.
 *
 * The later stages of `start` run many times a second on a busy node: they are reached before the
 * command line and its configuration are loaded.
 */
switch (Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0]) {
  case "enroot-runtime": {
    const { runStage } = await import("./src/runtime/stage.ts");
    const { HOOK_LIBRARY } = await import("./hooks/mod.ts");
    Deno.exit(runStage(Number(Deno.args[0]), HOOK_LIBRARY));
  }
  // falls through
  case "enroot-supervisor": {
    const { runSupervisor } = await import("./src/runtime/supervisor.ts");
    Deno.exit(await runSupervisor(Number(Deno.args[0])));
  }
}
const { main } = await import("./src/cli/mod.ts");
Deno.exit(await main(Deno.args));
