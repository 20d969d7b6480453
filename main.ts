/**
 * Entry point: the name the program was called by says which of its roles it plays.
 *
 * The later stage of `start` runs inside a container's namespaces, many times a second on a busy
 * node: it is reached before the command line and its configuration are loaded.
 */
const name = Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0];
if (name === "enroot-runtime") {
  const { runStage } = await import("./src/runtime/stage.ts");
  const { standardHooks } = await import("./hooks/mod.ts");
  Deno.exit(runStage(Number(Deno.args[0]), standardHooks));
}
const { main } = await import("./src/cli/mod.ts");
Deno.exit(await main(Deno.args));
