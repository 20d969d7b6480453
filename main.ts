/**
 * Entry point: the name the program was called by says which of its applets it is.
 *
 * The later stages of `start` run many times a second on a busy node: they are reached before the
 * command line and its configuration are loaded.
 */
if ([Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal())) {
  (await import("./src/linux/file/terminal.ts")).blockOnTerminals();
}
let args: readonly string[] = Deno.args;
if (args[0]?.startsWith("enroot-first-stage:")) {
  args = (await import("./src/linux/first_stage.ts")).callerArguments(args);
}
const name = Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0] ?? "";
const hooks = async () => (await import("./hooks/mod.ts")).HOOK_LIBRARY;
if (/(^|\/)enroot-[a-z-]+$/.test(name)) {
  const { runApplet } = await import("./src/runtime/applets.ts");
  const applet = name.slice(name.lastIndexOf("/") + 1);
  const code = await runApplet(applet, { args, hooks });
  if (code !== null) Deno.exit(code);
}
try {
  Deno.cwd();
} catch {
  (await import("./src/linux/worker_start.ts")).startWorkersElsewhere();
}
const { main } = await import("./src/cli/mod.ts");
Deno.exit(await main(args, { hooks }));
