import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type ContainerHome,
  containerTest,
  sharedContainerHome,
  startWaiting,
} from "../support/container.ts";
import { enrootCommand, makeHome, programFiles, runEnroot } from "../support/enroot.ts";
import { atTerminal, terminalTest } from "../support/terminal.ts";

// Runs alone: list --fancy shows every container of a user.

/** None of the tests changes it for good. */
const box = sharedContainerHome();

const HEADER = /^NAME +PID +COMM +STATE +STARTED +TIME +MNTNS +USERNS +COMMAND$/;

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

containerTest("exec enters a running container and list --fancy shows it", async () => {
  const home = await box();
  const args = ["start", "--env", "MARK=x", "box", "sh", "-c", "echo ready; exec sleep 60"];
  const container = enrootCommand(args, { home }).spawn();
  try {
    const reader = container.stdout.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "ready\n");
    reader.releaseLock();
    const pid = String(container.pid);
    const inside = await runEnroot(["exec", pid, "sh", "-c", "echo $MARK; cat /etc/motd"], {
      home,
    });
    assertEquals([inside.code, inside.stdout], [0, "x\nHello from inside the image!\n"]);
    const failed = await runEnroot(["exec", pid, "sh", "-c", "exit 3"], { home });
    assertEquals(failed.code, 3);
    const { stdout } = await runEnroot(["list", "--fancy"], { home });
    assertMatch(stdout, new RegExp(`^NAME +PID .*\nbox +${pid} +sleep +S `));
  } finally {
    container.kill("SIGKILL");
    await container.output();
  }
});

containerTest("list --fancy shows a container that does not run by its name alone", async () => {
  assertEquals(await rows(await box()), ["box"]);
});

containerTest("list --fancy shows the first process of every start of a container", async () => {
  const home = await box();
  await using first = await startWaiting(home, ["box"]);
  await using second = await startWaiting(home, ["box"]);
  const [low, high] = [first.pid, second.pid].sort((a, b) => a - b);
  const lines = await rows(home);
  assertEquals(lines.length, 2);
  assertMatch(
    lines[0] ?? "",
    new RegExp(
      `^box +${low} +sh +S +\\d\\d:\\d\\d +\\d\\d:\\d\\d +\\d+ +\\d+ +sh -c \\?echo started`,
    ),
  );
  assertMatch(lines[1] ?? "", new RegExp(`^ +${high} +sh +S `));
  const namespace = Deno.readLinkSync(`/proc/${low}/ns/mnt`).replace(/\D/g, "");
  assert(lines[0]?.includes(` ${namespace} `));
});

containerTest("list --fancy shows the image of a container that runs from one", async () => {
  const home = await box();
  await using running = await startWaiting(home, ["box.sqsh"]);
  const lines = await rows(home);
  assertMatch(lines[0] ?? "", new RegExp(`^${home.path}/box\\.sqsh +${running.pid} +sh `));
  assertEquals(lines.slice(1), ["box"]);
}, { fuse: true });

containerTest("list --fancy and exec find an image under fuse-overlayfs", async () => {
  const home = await box();
  const env = { ENROOT_NATIVE_OVERLAYFS: "no" };
  await using running = await startWaiting(home, ["box.sqsh"], { env });
  assertMatch(
    (await rows(home))[0] ?? "",
    new RegExp(`^${home.path}/box\\.sqsh +${running.pid} +sh `),
  );
  const { code, stdout } = await home.enroot(["exec", "box.sqsh", "cat", "/etc/motd"]);
  assertEquals([code, stdout], [0, "Hello from inside the image!\n"]);
}, { fuse: true, programs: ["fuse-overlayfs"] });

containerTest("list --json tells all that is known", async () => {
  const home = await box();
  await using image = await startWaiting(home, ["box.sqsh"]);
  await using first = await startWaiting(home, ["box"]);
  await using second = await startWaiting(home, ["box"]);
  const { code, stdout, stderr } = await home.enroot(["list", "--json"]);
  assertEquals([code, stderr], [0, ""]);
  const process = ({ pid }: { pid: number }) => ({
    ...{ pid, comm: "sh", state: "S" },
    ...{ mntns: inodeOf(pid, "mnt"), userns: inodeOf(pid, "user") },
  });
  const document = JSON.parse(stdout);
  for (const { processes } of document) {
    for (const process of processes) {
      assert(Math.abs(new Date(process.started).getTime() - Date.now()) < 60_000);
      assertMatch(process.command, /^sh -c .*echo started/);
      delete process.started;
      delete process.command;
    }
  }
  assertEquals(document, [
    {
      ...{ name: "box", rootfs: home.rootfs, image: null },
      processes: [first, second].sort((a, b) => a.pid - b.pid).map(process),
    },
    { name: null, rootfs: null, image: `${home.path}/box.sqsh`, processes: [process(image)] },
  ]);
}, { fuse: true });

containerTest("list shows a blank in a name or path as \\040", async () => {
  const home = await box();
  Deno.copyFileSync(`${home.path}/box.sqsh`, `${home.path}/a b.sqsh`);
  Deno.renameSync(home.rootfs, `${home.data}/b c`);
  try {
    await using image = await startWaiting(home, ["a b.sqsh"]);
    await using container = await startWaiting(home, ["b c"]);
    const lines = await rows(home);
    assertEquals(lines.map((line) => line.split(/ +/).slice(0, 2)), [
      [`${home.path}/a\\040b.sqsh`, String(image.pid)],
      ["b\\040c", String(container.pid)],
    ]);
  } finally {
    Deno.renameSync(`${home.data}/b c`, home.rootfs);
    Deno.removeSync(`${home.path}/a b.sqsh`);
  }
}, { fuse: true });

containerTest("list --fancy shows a process inside, whatever was started", async () => {
  const home = await box();
  await using running = await startWaiting(home, ["--pid", "box"]);
  const [line = ""] = await rows(home);
  const pid = Number(line.split(/ +/)[1]);
  assert(pid > 0 && pid !== running.pid, line);
  assertMatch(Deno.readTextFileSync(`/proc/${pid}/status`), /^NSpid:.*\t1$/m);
});

containerTest("list --fancy stays quiet while processes come and go", async () => {
  const home = await box();
  const starts = Array.from(
    { length: 6 },
    () => home.enroot(["start", "box", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do id; done"]),
  );
  for (let round = 0; round < 12; round++) await rows(home);
  for (const { code } of await Promise.all(starts)) assertEquals(code, 0);
});

terminalTest("list shows on a terminal what the terminal would obey", async () => {
  using home = makeHome();
  const name = "a\u009b2J\u202eb\x1b[1mc";
  Deno.mkdirSync(`${home.data}/${name}`, { recursive: true });
  Deno.chmodSync(home.data, 0o755);
  assertEquals((await runEnroot(["list"], { home })).stdout, `${name}\n`);
  const { command, args } = programFiles();
  for (const options of [[], ["--json"], ["--fancy"]]) {
    const { transcript, code } = await atTerminal([command, ...args, "list", ...options], {
      home,
      steps: [],
    });
    assertEquals(code, 0, transcript);
    // deno-lint-ignore no-control-regex
    assertEquals(transcript.match(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/g), null, transcript);
    if (options.length === 0) assertEquals(transcript, "a\\x9b2J\\u202eb\\x1b[1mc\n");
  }
});

function inodeOf(pid: number, namespace: string): number {
  return Number(Deno.readLinkSync(`/proc/${pid}/ns/${namespace}`).replace(/\D/g, ""));
}
