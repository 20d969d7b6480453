import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ContainerHome, containerTest, makeContainerHome } from "../support/container.ts";
import { enrootCommand, makeHome, runEnroot } from "../support/enroot.ts";

let shared: Promise<ContainerHome> | undefined;
/** One container for all tests of this file; none of them changes it for good. */
const box = () => shared ??= makeContainerHome();
globalThis.addEventListener("unload", () => void shared?.then((home) => home[Symbol.dispose]()));

const HEADER = /^NAME +PID +COMM +STATE +STARTED +TIME +MNTNS +USERNS +COMMAND$/;

/** Starts a container that waits for its standard input to end. */
async function startWaiting(home: ContainerHome, target: string) {
  const script = "echo started; read line; exit 0";
  const child = enrootCommand(["start", target, "sh", "-c", script], { home, stdin: "" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      await child.stderr.cancel();
      await child.status;
    },
  };
}

/** The rows of `list --fancy`, as a program reads them: split at blanks. */
async function rows(home: ContainerHome): Promise<string[]> {
  const { code, stdout, stderr } = await home.enroot(["list", "--fancy"]);
  assertEquals([code, stderr], [0, ""]);
  const [header = "", ...lines] = stdout.split("\n").slice(0, -1);
  assertMatch(header, HEADER);
  assert(!stdout.includes("\t"));
  return lines;
}

Deno.test("list prints names alone, one a line, and passes over hidden directories", async () => {
  using home = makeHome();
  assertEquals(await runEnroot(["list"], { home }), {
    ...{ code: 0, signal: null, stdout: "", stderr: "" },
  });
  for (const name of ["b", "a", ".enroot-container.x"]) {
    Deno.mkdirSync(`${home.data}/${name}`, { recursive: true });
  }
  Deno.chmodSync(home.data, 0o755);
  assertEquals((await runEnroot(["list"], { home })).stdout, "a\nb\n");
});

Deno.test("list --fancy has a header even where there is no container", async () => {
  using home = makeHome();
  const { code, stdout, stderr } = await runEnroot(["list", "-f"], { home });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^NAME .*\n$/);
});

containerTest("list --fancy shows a container that does not run by its name alone", async () => {
  assertEquals(await rows(await box()), ["box"]);
});

containerTest("list --fancy shows the first process of every start of a container", async () => {
  const home = await box();
  await using first = await startWaiting(home, "box");
  await using second = await startWaiting(home, "box");
  const [low, high] = [first.pid, second.pid].sort((a, b) => a - b);
  const lines = await rows(home);
  assertEquals(lines.length, 2);
  assertMatch(
    lines[0] ?? "",
    new RegExp(`^box +${low} +sh +S +\\d\\d:\\d\\d +\\d\\d:\\d\\d +\\d+ +\\d+ +sh -c echo started`),
  );
  assertMatch(lines[1] ?? "", new RegExp(`^ +${high} +sh +S `));
  const namespace = Deno.readLinkSync(`/proc/${low}/ns/mnt`).replace(/\D/g, "");
  assert(lines[0]?.includes(` ${namespace} `));
});

containerTest("list --fancy shows the image of a container that runs from one", async () => {
  const home = await box();
  await using running = await startWaiting(home, "box.sqsh");
  const lines = await rows(home);
  assertMatch(lines[0] ?? "", new RegExp(`^${home.path}/box\\.sqsh +${running.pid} +sh `));
  assertEquals(lines.slice(1), ["box"]);
});
