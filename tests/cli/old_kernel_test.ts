/** The program on Linux 4.18 (RHEL 8), as far as refusing newer system calls makes one of this. */
import { assertEquals, assertMatch } from "@std/assert";
import { type ContainerHome, containerTest, sharedContainerHome } from "../support/container.ts";
import {
  enrootCommand,
  makeHome,
  runEnroot,
  type RunOptions,
  type RunResult,
} from "../support/enroot.ts";
import { pushHostImage } from "../support/host_container.ts";
import { RegistryServer } from "../support/registry.ts";
import type { Needs } from "../support/requires.ts";

const OLD = { kernel: "4.18" } as const;

const box = sharedContainerHome();

async function succeed(
  home: ContainerHome,
  args: string[],
  options: Omit<RunOptions, "home" | "kernel"> = {},
): Promise<RunResult> {
  const run = await home.enroot(args, { ...options, ...OLD });
  assertEquals({ code: run.code, stderr: run.stderr.replace(/^\[INFO\].*\n/gm, "") }, {
    code: 0,
    stderr: "",
  }, args.join(" "));
  return run;
}

Deno.test("on Linux 4.18 images come from a registry", async () => {
  using home = makeHome();
  await using registry = new RegistryServer();
  pushHostImage(registry, "box", "1");
  const env = { ENROOT_ALLOW_HTTP: "y" };
  for (const verb of ["import", "load"]) {
    const args = [verb, `docker://${registry.address}/box:1`];
    const { code, stderr } = await runEnroot(args, { home, env, ...OLD });
    assertEquals(code, 0, stderr);
  }
});

containerTest("on Linux 4.18 containers are created, exported, removed", async () => {
  const home = await box();
  await succeed(home, ["create", "--name", "other", "box.sqsh"]);
  await succeed(home, ["export", "--output", "other.sqsh", "other"]);
  await succeed(home, ["create", "--name", "third", "other.sqsh"]);
  assertEquals((await succeed(home, ["list"])).stdout, "box\nother\nthird\n");
  await succeed(home, ["remove", "--force", "other", "third"]);
});

for (const options of [[], ["--root", "--rw"], ["--pid"], ["--net", "--ipc", "--uts"]]) {
  containerTest(`on Linux 4.18 start ${options.join(" ")} runs a command`, async () => {
    const home = await box();
    const { stdout } = await succeed(home, [
      "start",
      ...options,
      "box",
      "sh",
      "-c",
      "cat /etc/motd",
    ]);
    assertEquals(stdout, "Hello from inside the image!\n");
  });
}

containerTest("on Linux 4.18 a mount target behind links is resolved inside the root", async () => {
  const home = await box();
  const prepare = "mkdir -p /real; ln -s ../../../real /way; ln -s /way/deeper /entry";
  await succeed(home, ["start", "--rw", "box", "sh", "-c", prepare]);
  const mount = "/etc:/entry/made:x-create=dir,bind,ro";
  const { stdout } = await succeed(home, [
    ...["start", "--mount", mount, "box"],
    ...["sh", "-c", "cat /real/deeper/made/passwd >/dev/null && echo there"],
  ]);
  assertEquals(stdout, "there\n");
  const escape = await home.enroot(["start", "--mount", "/etc:/../x", "box", "true"], OLD);
  assertMatch(escape.stderr, /^\[ERROR\] .*cross-device link: the path leaves the root\n$/);
});

containerTest("on Linux 4.18 list finds a container, and exec enters it", async () => {
  const home = await box();
  const child = enrootCommand(["start", "box", "sh", "-c", "echo up; read line"], {
    home,
    stdin: "",
    ...OLD,
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    assertMatch(
      (await succeed(home, ["list", "--fancy"])).stdout,
      RegExp(`^box +${child.pid} `, "m"),
    );
    const { stdout } = await succeed(home, ["exec", String(child.pid), "cat", "/etc/motd"]);
    assertEquals(stdout, "Hello from inside the image!\n");
  } finally {
    await child.stdin.close();
    await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.status]);
  }
});

const images: [string, Needs, string[], Record<string, string>][] = [
  ["an image starts in place", { fuse: true }, ["box.sqsh"], {}],
  ["an image starts with --pid", { fuse: true }, ["--pid", "box.sqsh"], {}],
  [
    "an image starts under fuse-overlayfs",
    { fuse: true, programs: ["fuse-overlayfs"] },
    ["box.sqsh"],
    { ENROOT_NATIVE_OVERLAYFS: "no" },
  ],
];
for (const [what, needs, args, env] of images) {
  const test = async () => {
    const home = await box();
    const script = "echo new >/made && cat /made /etc/motd";
    const { stdout } = await succeed(home, ["start", "--rw", ...args, "sh", "-c", script], { env });
    assertEquals(stdout, "new\nHello from inside the image!\n");
  };
  containerTest(`on Linux 4.18 ${what}`, test, needs);
}
