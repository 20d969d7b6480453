/** Containers of the superuser, who may keep its privileges. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { containerTest, sharedContainerHome, startWaiting } from "../support/container.ts";
import { makeHome, runEnroot, type RunOptions, type TestHome } from "../support/enroot.ts";
import type { Needs } from "../support/requires.ts";

// Runs alone: the superuser sees every container of the machine.

function superuserTest(name: string, fn: () => Promise<void>, needs: Needs = {}): void {
  containerTest(name, fn, { root: true, ...needs });
}

/** Holds the image that the superuser's containers are made of. */
const box = sharedContainerHome();

/** A home of the superuser's with a container `box`. */
async function superuserHome(): Promise<TestHome> {
  const home = makeHome({ asCaller: true });
  Deno.copyFileSync(`${(await box()).path}/box.sqsh`, `${home.path}/box.sqsh`);
  const { code, stderr } = await asRoot(["create", "box.sqsh"], { home });
  if (code !== 0) throw new Error(stderr);
  return home;
}

function asRoot(args: string[], options: RunOptions & { home: TestHome }) {
  return runEnroot(args, { ...options, asCaller: true });
}

const ALLOW = { ENROOT_ALLOW_SUPERUSER: "y" };

const SHOW = "id -u; grep -E '^(CapEff|NoNewPrivs|Seccomp:)' /proc/self/status; " +
  "touch /tmp/x; chown 12:34 /tmp/x; stat -c %u:%g /tmp/x; readlink /proc/self/ns/user";

superuserTest("the superuser keeps its privileges where that is allowed", async () => {
  using home = await superuserHome();
  for (const target of ["box", "box.sqsh"]) {
    const { code, stdout, stderr } = await asRoot(["start", target, "sh", "-c", SHOW], {
      home,
      env: ALLOW,
    });
    assertEquals([code, stderr], [0, ""]);
    const [uid, capabilities, noNewPrivileges, seccomp, owner, namespace] = stdout.split("\n");
    assertEquals([uid, noNewPrivileges, seccomp, owner], [
      ...["0", "NoNewPrivs:\t1", "Seccomp:\t2", "12:34"],
    ]);
    assertMatch(capabilities ?? "", /^CapEff:\t0*[1-9a-f][0-9a-f]{8,}$/);
    assertEquals(namespace, Deno.readLinkSync("/proc/self/ns/user"));
  }
}, { loopDevices: true });

superuserTest("the superuser is like everybody else where it is not", async () => {
  using home = await superuserHome();
  for (
    const [env, options] of [[{}, []], [{ ENROOT_ALLOW_SUPERUSER: "no" }, ["--root"]]] as const
  ) {
    const { code, stdout, stderr } = await asRoot(["start", ...options, "box", "sh", "-c", SHOW], {
      home,
      env,
    });
    assertEquals([code, stderr], [0, ""]);
    const [uid, , noNewPrivileges, seccomp, owner, namespace] = stdout.split("\n");
    assertEquals([uid, noNewPrivileges, seccomp, owner], [
      ...["0", "NoNewPrivs:\t1", "Seccomp:\t2", "0:0"],
    ]);
    assertEquals(namespace === Deno.readLinkSync("/proc/self/ns/user"), false);
  }
});

superuserTest("mounts in the superuser's containers stay there", async () => {
  using home = await superuserHome();
  const mount = ["--mount", "tmpfs:/extra:x-create=dir"];
  const script = "mount -t tmpfs none /srv && grep -cE ' /(extra|srv) ' /proc/self/mountinfo";
  for (const namespaces of [[], ["--pid", "--net", "--ipc", "--uts"]]) {
    const { code, stdout, stderr } = await asRoot(
      ["start", ...namespaces, ...mount, "box", "sh", "-c", script],
      { home, env: ALLOW },
    );
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "2\n", stderr: "" });
  }
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo");
  assertEquals(mounts.split("\n").filter((line) => line.includes(home.path)), []);
});

superuserTest("the superuser sees everybody's containers, and what they are", async () => {
  using home = await superuserHome();
  const other = await box();
  await using own = await startWaiting(home, ["box"], { asCaller: true });
  await using allowed = await startWaiting(home, ["box.sqsh"], { asCaller: true, env: ALLOW });
  await using image = await startWaiting(other, ["box.sqsh"]);
  await using container = await startWaiting(other, ["box"]);
  const { code, stdout, stderr } = await asRoot(["list", "-f"], { home });
  assertEquals([code, stderr], [0, ""]);
  for (
    const line of [
      `box +${own.pid} `,
      `${home.path}/box.sqsh +${allowed.pid} `,
      `${other.path}/box.sqsh +${image.pid} `,
      `(<unknown>)? +${container.pid} `,
    ]
  ) assertMatch(stdout, new RegExp(`^${line}`, "m"));
  const entered = await asRoot(["exec", "box.sqsh", "sh", "-c", SHOW], { home, cwd: home.path });
  assertStringIncludes(entered.stdout, "0\nCapEff");
  assertStringIncludes(entered.stdout, "NoNewPrivs:\t1\nSeccomp:\t2\n12:34\n");
}, { fuse: true });

superuserTest("a container of the superuser cannot change the kernel's settings", async () => {
  using home = await superuserHome();
  // Nothing is written: to open the file for writing is what is refused.
  const script = "for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do " +
    "(: >> $file) 2> /dev/null && echo $file; done; cat /proc/sys/kernel/ostype";
  for (const env of [{}, ALLOW]) {
    for (const options of [[], ["--pid"]]) {
      const { code, stdout, stderr } = await asRoot(
        ["start", ...options, "box", "sh", "-c", script],
        { home, env },
      );
      assertEquals({ code, stdout, stderr }, { code: 0, stdout: "Linux\n", stderr: "" });
    }
  }
});
