import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { containerTest, sharedContainerHome, startWaiting } from "../support/container.ts";
import { enrootCommand, makeHome, runEnroot, TEST_UID } from "../support/enroot.ts";

/** None of the tests changes it for good. */
const box = sharedContainerHome();

const IS_ROOT = Deno.uid() === 0;

containerTest("exec joins the container of a process", async () => {
  const home = await box();
  await using running = await startWaiting(home, ["-e", "OWN=yes", "box"], { script: "cd /etc" });
  const pid = String(running.pid);
  const script = [
    "pwd; echo $OWN $MORE $GREETING; grep -E '^(CapEff|NoNewPrivs|Seccomp:)' /proc/self/status",
    `for n in user mnt cgroup ipc uts net pid; do`,
    `[ "$(readlink /proc/self/ns/$n)" = "$(readlink /proc/${pid}/ns/$n)" ] || echo $n differs; done`,
    "exit 5",
  ].join("\n");
  assertEquals(await home.enroot(["exec", "-e", "MORE=1", pid, "sh", "-c", script]), {
    code: 5,
    signal: null,
    stdout: "/etc\nyes 1 hello\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n",
    stderr: "",
  });
});

containerTest("exec passes a variable of the caller's on", async () => {
  const home = await box();
  await using running = await startWaiting(home, ["-e", "A=old", "box"]);
  const args = ["exec", "-e", "A", "--env", "NONE", String(running.pid), "sh", "-c"];
  const { stdout } = await home.enroot([...args, 'echo "$A-${NONE-unset}-"'], {
    env: { A: "of the caller" },
  });
  assertEquals(stdout, "of the caller--\n");
});

containerTest("exec is root where the container's processes are", async () => {
  const home = await box();
  await using running = await startWaiting(home, ["--root", "--net", "--ipc", "--uts", "box"]);
  const script = "id -u; grep CapEff /proc/self/status; ls /sys/class/net; touch /tmp/x";
  const { code, stdout } = await home.enroot(["exec", String(running.pid), "sh", "-c", script]);
  assertEquals(code, 0);
  assertMatch(stdout, /^0\nCapEff:\t0*[1-9a-f][0-9a-f]{8,}\nlo\n$/);
});

containerTest("exec joins a PID namespace, and ends as the command ends", async () => {
  const home = await box();
  await using _running = await startWaiting(home, ["--pid", "box"]);
  const exec = (script: string) => home.enroot(["exec", "box", "sh", "-c", script]);
  const inside = await exec(
    "cat /proc/1/comm; readlink /proc/self/ns/pid; readlink /proc/1/ns/pid",
  );
  const [comm, own, first] = inside.stdout.split("\n");
  assertEquals([comm, own], ["sh", first]);
  assertEquals((await exec("exit 9")).code, 9);
  assertEquals((await exec("kill -TERM $$")).signal, "SIGTERM");
  const unknown = await home.enroot(["exec", "box", "no-such-command"]);
  assertEquals(unknown.code, 1);
  assertStringIncludes(unknown.stderr, "[ERROR] Command not found: no-such-command");
});

containerTest("exec in a PID namespace leaves nothing behind when it is killed", async () => {
  const home = await box();
  await using _running = await startWaiting(home, ["--pid", "box"]);
  const child = enrootCommand(["exec", "box", "sh", "-c", "echo $$; exec sleep 600"], { home })
    .spawn();
  const reader = child.stdout.getReader();
  const inner = Number(new TextDecoder().decode((await reader.read()).value));
  reader.releaseLock();
  child.kill("SIGKILL");
  await child.output();
  // It may take the kernel a moment, and its new parent another to notice.
  const look = `until ! readlink /proc/${inner}/exe; do sleep 0.1; done >/dev/null; echo gone`;
  assertEquals((await home.enroot(["exec", "box", "sh", "-c", look])).stdout, "gone\n");
});

containerTest("exec finds a container, or an image, by its name", async () => {
  const home = await box();
  const exec = (name: string) => home.enroot(["exec", name, "sh", "-c", "echo $MARK"]);
  const none = await exec("box");
  assertEquals([none.code, none.stderr], [1, "[ERROR] Cannot enter box: it does not run\n"]);
  await using first = await startWaiting(home, ["-e", "MARK=first", "box"]);
  await using _image = await startWaiting(home, ["-e", "MARK=image", "./box.sqsh"]);
  assertEquals((await exec("box")).stdout, "first\n");
  assertEquals((await exec("box.sqsh")).stdout, "image\n");
  await using second = await startWaiting(home, ["-e", "MARK=second", "box"]);
  const several = await exec("box");
  const pids = [first.pid, second.pid].sort((a, b) => a - b).join(", ");
  assertEquals(
    [several.code, several.stderr],
    [1, `[ERROR] Cannot enter box: it runs 2 times, as PID ${pids}\n`],
  );
}, { fuse: true });

containerTest("exec enters containers only", async () => {
  const home = await box();
  const child = new Deno.Command("sleep", {
    args: ["600"],
    ...(IS_ROOT ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).spawn();
  try {
    const run = await home.enroot(["exec", String(child.pid), "true"]);
    assertEquals(
      [run.code, run.stderr],
      [1, `[ERROR] Cannot enter process ${child.pid}: it runs in no container\n`],
    );
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("exec says what it cannot enter", async () => {
  using home = makeHome();
  const exec = async (target: string) => {
    const { code, stdout, stderr } = await runEnroot(["exec", target, "true"], { home });
    assertEquals([code, stdout], [1, ""]);
    return stderr;
  };
  assertEquals(await exec("2147483646"), "[ERROR] Process not found: 2147483646\n");
  assertEquals(await exec("nowhere"), `[ERROR] No such file or directory: ${home.data}/nowhere\n`);
  assertEquals(await exec("../nowhere"), "[ERROR] Invalid argument: ../nowhere\n");
  assertMatch(await exec("1"), /^\[ERROR\] Cannot .*\n$/);
});

containerTest(
  "exec makes the superuser the owner of the container",
  async () => {
    const home = await box();
    for (const [args, id] of [[[], TEST_UID], [["--root"], 0], [["--pid"], TEST_UID]] as const) {
      await using _running = await startWaiting(home, [...args, "box"]);
      const script = "id -u; id -G; grep CapBnd /proc/self/status; cat /proc/self/uid_map";
      const run = await home.enroot(["exec", "box", "sh", "-c", script], { asCaller: true });
      const [uid, groups, bounds, map] = run.stdout.split("\n");
      assertEquals([run.code, run.stderr], [0, ""]);
      assertEquals([uid, groups], [String(id), String(id)]);
      assertEquals(map?.trim().split(/ +/), [String(id), String(TEST_UID), "1"]);
      assert(id === 0 || bounds === "CapBnd:\t0000000000000000");
    }
  },
  { root: true },
);
