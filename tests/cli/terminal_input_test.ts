/** What runs in a container cannot type into the terminal that its caller goes on with. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { containerTest, sharedContainerHome, startWaiting } from "../support/container.ts";
import { makeHome, programFiles, runEnroot } from "../support/enroot.ts";
import { isInstalled, type Needs } from "../support/requires.ts";
import { makeTemporaryDirectory } from "../support/temp.ts";
import { atTerminal, TERMINAL_NEEDS } from "../support/terminal.ts";

const SOURCE = fileURLToPath(new URL("../support/typing.c", import.meta.url));

/** None of the tests changes it for good. */
const box = sharedContainerHome();

const NEEDS: Needs = { ...TERMINAL_NEEDS, programs: ["python3", "cc"], other: obstacle() };

/** Why the program that types cannot be made here, if there is a compiler; undefined when it can. */
function obstacle(): string | undefined {
  if (!isInstalled("cc") || compile("/dev/null")) return TERMINAL_NEEDS.other;
  return "no static C library";
}

function compile(output: string): boolean {
  const args = ["-static", "-no-pie", "-O1", "-Wall", "-Werror", "-o", output, SOURCE];
  return new Deno.Command("cc", { args, stderr: "null" }).outputSync().success;
}

function typingTest(
  name: string,
  fn: (typing: string) => Promise<void>,
  needs: Needs = {},
): void {
  const test = async () => {
    using directory = makeTemporaryDirectory();
    Deno.chmodSync(directory.path, 0o755);
    assert(compile(`${directory.path}/typing`));
    await fn(`${directory.path}/typing`);
  };
  containerTest(name, test, { ...NEEDS, ...needs });
}

function enroot(...args: string[]): string[] {
  const program = programFiles();
  return [program.command, ...program.args, ...args];
}

function assertRefused(transcript: string): void {
  const lines = transcript.trim().split("\n");
  assert(lines.length >= 4, transcript);
  for (const line of lines) assertEquals(line.split(" ")[2], "1", transcript); // EPERM
  const entries = new Set(lines.map((line) => line.split(" ")[0]));
  assert(entries.has("native"), transcript);
}

typingTest("start lets nothing type into the terminal", async (typing) => {
  const home = await box();
  const mount = `${typing}:/bin/typing:none:bind,x-create=file`;
  for (const options of [["box"], ["--root", "box"], ["--pid", "box"], ["box.sqsh"]]) {
    const command = enroot("start", "--mount", mount, ...options, "/bin/typing");
    const { transcript, code } = await atTerminal(command, { home, steps: [] });
    assertEquals(code, 0, transcript);
    assertRefused(transcript);
  }
}, { fuse: true });

typingTest("exec lets nothing type into the terminal", async (typing) => {
  const home = await box();
  const mount = `${typing}:/bin/typing:none:bind,x-create=file`;
  await using running = await startWaiting(home, ["--mount", mount, "box"]);
  for (const asCaller of Deno.uid() === 0 ? [false, true] : [false]) {
    const command = enroot("exec", String(running.pid), "/bin/typing");
    const { transcript, code } = await atTerminal(command, { home, asCaller, steps: [] });
    assertEquals(code, 0, transcript);
    assertRefused(transcript);
  }
});

typingTest("a container of the superuser's types into no terminal either", async (typing) => {
  using home = makeHome({ asCaller: true });
  const image = `${(await box()).path}/box.sqsh`;
  const created = await runEnroot(["create", "--name", "box", image], { home, asCaller: true });
  assertEquals(created.code, 0, created.stderr);
  const mount = `${typing}:/bin/typing:none:bind,x-create=file`;
  for (const options of [[], ["--pid"]]) {
    const { transcript, code } = await atTerminal(
      enroot("start", ...options, "--mount", mount, "box", "/bin/typing"),
      { home, asCaller: true, env: { ENROOT_ALLOW_SUPERUSER: "y" }, steps: [] },
    );
    assertEquals(code, 0, transcript);
    assertRefused(transcript);
  }
}, { root: true });
