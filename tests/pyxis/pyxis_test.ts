/** Starts containers as Slurm's pyxis plugin does, through a small program that stands for it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  type ContainerHome,
  containerTest,
  sharedContainerHome,
  startWaiting,
} from "../support/container.ts";
import { programFiles, TEST_UID } from "../support/enroot.ts";
import type { Needs } from "../support/requires.ts";
import { until } from "../support/until.ts";

const SOURCE = fileURLToPath(new URL("driver.c", import.meta.url));

/** None of the tests changes it for good. */
const box = sharedContainerHome();

function pyxisTest(name: string, fn: () => Promise<void>, needs: Needs = {}): void {
  containerTest(name, fn, { programs: ["cc"], ...needs });
}

let compiled: Promise<string> | undefined;

/** A directory with the driver, and with the program under the name that pyxis looks for. */
function driverDirectory(home: ContainerHome): Promise<string> {
  return compiled ??= (async () => {
    const directory = `${home.path}/driver`;
    Deno.mkdirSync(directory);
    const { success, stderr } = await new Deno.Command("cc", {
      args: ["-o", `${directory}/driver`, SOURCE],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const { command, args } = programFiles();
    const words = [command, ...args].map((word) => `'${word}'`).join(" ");
    const script = `#!/bin/sh\nexec ${words} "$@"\n`;
    Deno.writeTextFileSync(`${directory}/enroot`, script, { mode: 0o755 });
    return directory;
  })();
}

interface Step {
  mode: "resume" | "keep" | "abandon";
  target: string;
  /** What `list` calls it; the target if not said. */
  name?: string;
  /** The configuration script; empty if not said. */
  conf?: string;
  env?: Record<string, string>;
  /** What the task does, a shell script; or its command. */
  task?: string;
  command?: string[];
}

/** What the driver saw, by key, and what else was printed. */
interface Report {
  code: number;
  all(key: string): string[];
  one(key: string): string;
  /** The output of the task. */
  rest: string[];
}

async function runStep(home: ContainerHome, step: Step): Promise<Report> {
  const directory = await driverDirectory(home);
  const conf = `${home.path}/.enroot_config_1`;
  Deno.writeTextFileSync(conf, step.conf ?? "", { mode: 0o600 });
  if (Deno.uid() === 0) Deno.chownSync(conf, TEST_UID, TEST_UID);
  const { target, name = target, mode, task = "read line" } = step;
  const { command = ["sh", "-c", task] } = step;
  const args = [String(TEST_UID), mode, name, target, conf, ...command];
  const { code, stdout, stderr } = await new Deno.Command(`${directory}/driver`, {
    args,
    env: {
      ...home.env,
      ...programFiles().env,
      PATH: `${directory}:${home.env["PATH"]}`,
      SLURM_JOB_ID: "1",
      JOB_SECRET: "of the job",
      ...step.env,
    },
    clearEnv: true,
    cwd: "/",
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assertEquals(decoder.decode(stderr), "");
  const lines = decoder.decode(stdout).split("\n").slice(0, -1);
  const keyed =
    /^(before|log|stopped|listed|task|namespace|ended|remaining|task-ended|after|failed)=/;
  const all = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  return {
    code,
    all,
    one: (key) => all(key)[0] ?? `no ${key} in ${lines.join("; ")}`,
    rest: lines.filter((line) => !keyed.test(line)),
  };
}

const MOUNTS = 'mounts() {\n\techo "tmpfs /a\\040b x-create=dir"\n}\n';
const HOOKS = "hooks() {\n\techo 'exec \"$@\"' > ${ENROOT_ROOTFS}/etc/rc.local\n}\n";
const ENVIRON = 'environ() {\n\t[ -n "${PMIX_RANK-}" ] && echo "PMIX_RANK=${PMIX_RANK}" || :\n}\n';

pyxisTest("a container stops where it is told to, lends its namespaces, and goes", async () => {
  const home = await box();
  const report = await runStep(home, {
    mode: "resume",
    target: "box",
    conf: MOUNTS + HOOKS + ENVIRON,
    env: { PMIX_RANK: "3", TERM: "xterm" },
    task: [
      "echo $$; pwd; grep -c '/a.040b ' /proc/self/mountinfo",
      "echo ${JOB_SECRET-unset} ${SLURM_JOB_ID-unset} $PMIX_RANK $GREETING $TERM $PATH",
      "id -u; tail -1 /proc/self/uid_map; cat /proc/self/setgroups; read line; true",
    ].join("; "),
  });
  assertEquals([report.code, report.all("failed")], [0, []]);
  const [start, task] = [report.one("stopped"), report.one("task")];
  assertEquals(report.all("log"), []);
  assertEquals([report.one("before"), report.one("listed")], ["stopped", start]);
  assertEquals(report.all("namespace"), [
    ...["user own", "cgroup own", "mnt own"],
    ...["ipc shared", "uts shared", "net shared"],
  ]);
  // The starter is gone, the task lives on and is found.
  assertEquals([report.one("ended"), report.one("remaining")], ["0", task]);
  assertEquals([report.one("task-ended"), report.one("after")], ["0", "stopped"]);
  const [pid, directory, mounts, variables, uid, map, setgroups] = report.rest;
  assertEquals([pid, directory, mounts], [task, "/srv", "1"]);
  assertEquals(variables, "unset unset 3 hello xterm /bin");
  assertEquals([uid, setgroups], [String(TEST_UID), "deny"]);
  assertEquals(map?.trim().split(/ +/), [String(TEST_UID), String(TEST_UID), "1"]);
});

pyxisTest("an image is served as long as its first process is stopped", async () => {
  const home = await box();
  const image = `${home.path}/box.sqsh`;
  const report = await runStep(home, {
    mode: "keep",
    target: image,
    conf: HOOKS,
    env: { ENROOT_ROOTFS_WRITABLE: "y" },
    task: "cat /etc/motd; touch /new && echo writable; cat /proc/self/comm; read line; true",
  });
  assertEquals([report.code, report.all("log")], [0, []]);
  assertEquals(report.one("listed"), report.one("stopped"));
  assertEquals(report.rest, ["Hello from inside the image!", "writable", "cat"]);
  assertEquals([report.one("task-ended"), report.one("after")], ["0", "none"]);
  await noServers(home);
}, { fuse: true });

pyxisTest("a step that is lost takes the container and the image's server along", async () => {
  const home = await box();
  for (const target of ["box", `${home.path}/box.sqsh`]) {
    const report = await runStep(home, { mode: "abandon", target, conf: HOOKS });
    assertEquals(report.code, 0);
    const process = `/proc/${report.one("stopped")}/exe`;
    await until(() => {
      try {
        Deno.readLinkSync(process);
        return false;
      } catch {
        return true;
      }
    });
    await noServers(home);
  }
}, { fuse: true });

pyxisTest("settings of the job decide about namespaces, root and writing", async () => {
  const home = await box();
  Deno.writeTextFileSync(
    `${home.sysconf}/enroot.conf`,
    "ENROOT_REMAP_ROOT yes\nENROOT_ROOTFS_WRITABLE yes\nENROOT_MOUNT_HOME yes\n",
  );
  try {
    const task =
      "id -u; tail -1 /proc/self/uid_map; touch /srv/x 2>/dev/null && echo writable; read line; true";
    const root = await runStep(home, {
      ...{ mode: "resume", target: "box", task },
      env: { ENROOT_UNSHARE_NET: "y", ENROOT_UNSHARE_IPC: "y", ENROOT_UNSHARE_UTS: "y" },
    });
    assert(root.all("namespace").every((line) => line.endsWith(" own")));
    assertEquals(root.rest.map((line) => line.trim().replace(/ +/g, " ")), [
      ...["0", `0 ${TEST_UID} 1`, "writable"],
    ]);
    const env = { ENROOT_REMAP_ROOT: "n", ENROOT_ROOTFS_WRITABLE: "n", ENROOT_MOUNT_HOME: "n" };
    const plain = await runStep(home, { mode: "resume", target: "box", task, env });
    assertEquals(plain.rest[0], String(TEST_UID));
    assert(plain.rest.every((line) => line !== "writable"));
  } finally {
    Deno.removeSync(`${home.sysconf}/enroot.conf`);
    await home.enroot(["start", "--rw", "box", "rm", "-f", "/srv/x"]);
  }
});

pyxisTest("several steps share a container", async () => {
  const home = await box();
  await using _running = await startWaiting(home, ["box"]);
  const report = await runStep(home, { mode: "resume", target: "box", conf: HOOKS });
  assertEquals(report.code, 0);
  assertMatch(report.one("after"), /^\d+$/);
});

const STATIC_TASK = `
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
  char directory[4096];
  printf("%s %s %s\\n", getcwd(directory, sizeof(directory)), getenv("GREETING"), getenv("PMIX_RANK"));
  return argc + (argv == NULL);
}`;

pyxisTest("an image without a shell lends its namespaces, too", async () => {
  const home = await box();
  const container = `${home.data}/bare`;
  const created = await home.enroot(["create", "--name", "bare", "box.sqsh"]);
  assertEquals(created.code, 0);
  const compile = new Deno.Command("cc", {
    args: ["-static", "-x", "c", "-", "-o", `${container}/task`],
    stdin: "piped",
    stderr: "null",
  }).spawn();
  const writer = compile.stdin.getWriter();
  await writer.write(new TextEncoder().encode(STATIC_TASK));
  await writer.close();
  if (!(await compile.status).success) return; // No static C library.
  Deno.removeSync(`${container}/bin`, { recursive: true });
  const report = await runStep(home, {
    ...{ mode: "resume", target: "bare", conf: HOOKS + ENVIRON, env: { PMIX_RANK: "3" } },
    command: ["/task"],
  });
  assertEquals([report.code, report.all("log"), report.all("failed")], [0, [], []]);
  assertEquals(report.one("listed"), report.one("stopped"));
  assertEquals([report.one("ended"), report.one("task-ended")], ["0", "256"]);
  assertEquals(report.rest, ["/srv hello 3"]);
  // And without Slurm: what needs no shell is run directly.
  const direct = await home.enroot(["start", "-e", "PMIX_RANK=0", "bare", "/task", "a b"]);
  assertEquals([direct.code, direct.stdout], [2, "/srv hello 0\n"]);
});

pyxisTest("what keeps a container from starting is told on the log, line by line", async () => {
  const home = await box();
  for (
    const [conf, target, message] of [
      [
        'mounts() {\n\techo "/nowhere /srv x-create=auto,rbind"\n}\n',
        "box",
        "Cannot mount /nowhere",
      ],
      ['mounts() {\n\techo "/etc /../../x x-create=auto,rbind"\n}\n', "box", "cross-device link"],
      ["", "missing", "No such file or directory: "],
      ["", "/dev/urandom", "Invalid argument: /dev/urandom"],
      ["", "./", "Invalid argument: ./"],
    ] as const
  ) {
    const report = await runStep(home, { mode: "resume", target, conf });
    assertEquals(report.code, 1);
    assertMatch(report.one("failed"), /^ended too soon with status 256$/);
    assertEquals(report.all("log").length, 1);
    assertMatch(report.one("log"), /^\[ERROR\] /);
    assertStringIncludes(report.one("log"), message);
  }
});

/** Waits until no image of this home is served any more. */
async function noServers(home: ContainerHome): Promise<void> {
  await until(() => {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const isServer = Deno.readTextFileSync(`/proc/${name}/cmdline`)
          .startsWith("enroot-image-server");
        if (!isServer) continue;
        if (Deno.readTextFileSync(`/proc/${name}/environ`).includes(home.path)) return false;
      } catch {
        // It is gone, or somebody else's.
      }
    }
    return true;
  });
}
