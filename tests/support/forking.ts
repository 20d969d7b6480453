/**
 * Forks, for a test: the child goes on as nobody's, executes a program in its place, and makes work
 * for the garbage collector and the compilers. All say so on standard output.
 */
import { fork } from "../../src/linux/clone/fork.ts";
import { waitForChild } from "../../src/linux/kernel/child_process.ts";
import { AT, O, openat } from "../../src/linux/file/files.ts";
import { exitProcess } from "../../src/linux/kernel/process.ts";
import { goOnAsOrphan, goOnInChild } from "../../src/linux/clone/fork_handover.ts";

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

/** Enough to be collected many times, and compiled. */
function work(): number {
  let total = 0;
  for (let round = 0; round < 100; round++) {
    const list = Array.from({ length: 20_000 }, (_, index) => ({ index, text: `${index}` }));
    total += list.filter(({ text }) => text.endsWith("7")).length;
  }
  return total;
}

let child: number | null = null;
for (let attempts = 0; child === null && attempts < 100; attempts++) child = fork();
if (child === 0) {
  goOnAsOrphan();
  say("the orphan goes on");
  const path = "/bin/echo";
  const file = openat(AT.FDCWD, path, { flags: O.PATH });
  goOnInChild({ file, path, argv: ["echo", "executed"], environment: [] });
  say(`the child finds ${work()}`);
  exitProcess(0);
}
const code = child === null ? NaN : waitForChild(child);
say(`the parent finds ${work()}, its child ended with ${code}`);
