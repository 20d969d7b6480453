import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ContainerHome, sharedContainerHome } from "../support/container.ts";
import { enrootCommand } from "../support/enroot.ts";
import { holdersOf, imageTest, untilReleased } from "../support/fuse.ts";

/** One image for all tests of this file. */
const box = sharedContainerHome();

/** The servers that serve the image of this home. */
const servers = (home: ContainerHome) => holdersOf(`${home.path}/box.sqsh`);
const untilNoServers = (home: ContainerHome) => untilReleased(`${home.path}/box.sqsh`);

/** Starts the image in the background; `up` resolves with its first line. */
async function startInBackground(home: ContainerHome, script: string) {
  const child = enrootCommand(["start", "box.sqsh", "sh", "-c", script], { home }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return { child, firstLine: new TextDecoder().decode(value) };
}

imageTest("start runs an image file in place, and leaves no server behind", async () => {
  const home = await box();
  const run = await home.enroot(["start", "box.sqsh"]);
  assertEquals({ code: run.code, stdout: run.stdout, stderr: run.stderr }, {
    code: 0,
    stdout: "Hello from inside the image!\n",
    stderr: "",
  });
  await untilNoServers(home);
});

imageTest("what is written in a started image vanishes with it", async () => {
  const home = await box();
  const script =
    "echo new > /etc/motd; rm /srv/readme; mkdir /made; cat /etc/motd; ls /srv / | grep -c made";
  const { stdout, stderr } = await home.enroot(["start", "--rw", "box.sqsh", "sh", "-c", script]);
  assertEquals({ stdout, stderr }, { stdout: "new\n1\n", stderr: "" });
  const again = await home.enroot(["start", "box.sqsh", "sh", "-c", "cat /etc/motd; ls /srv"]);
  assertEquals(again.stdout, "Hello from inside the image!\nreadme\n");
});

imageTest(
  "start of an image is the process it was started as, and says so in the list",
  async () => {
    const home = await box();
    const { child, firstLine } = await startInBackground(home, "echo $$; exec sleep 60");
    assertEquals(firstLine, `${child.pid}\n`);
    const list = await home.enroot(["list", "--fancy"]);
    assertMatch(list.stdout, new RegExp(`box\\.sqsh +${child.pid} +sleep `));
    // A killed container must not leave its server either.
    child.kill("SIGKILL");
    await child.output();
    await untilNoServers(home);
  },
);

imageTest("reads go on while the container's first process is stopped", async () => {
  const home = await box();
  const { child } = await startInBackground(home, "echo up; kill -STOP $$; exec sleep 60");
  try {
    const joined = await home.enroot(["exec", String(child.pid), "cat", "/etc/os-release"]);
    assertStringIncludes(joined.stdout, "Programs of the host");
  } finally {
    child.kill("SIGKILL");
    await child.output();
  }
});

imageTest("reads fail, and do not hang, when the server is killed", async () => {
  const home = await box();
  const script = "echo up; sleep 1; while :; do cat /bin/* > /dev/null || exit 9; done";
  const { child } = await startInBackground(home, script);
  const serving = servers(home);
  assert(serving.length > 0);
  for (const pid of serving) Deno.kill(pid, "SIGKILL");
  // Whether the shell gets ENOTCONN for a program or SIGBUS for its own pages, it ends.
  const { code } = await child.output();
  assert(code !== 0);
});

imageTest("reads go on while the server takes over from the first one", async () => {
  const home = await box();
  const count = "ls -lR /bin /etc; grep -c e /bin/*";
  const script = "echo up; grep -c e /bin/[a-l]* > /tmp/some; " +
    `until [ -e /tmp/stop ]; do sleep 0.02; done; ${count}`;
  const { child } = await startInBackground(home, script);
  const names = () =>
    servers(home).map((pid) => Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0", 1)[0]);
  for (let attempts = 0; names().join() !== "enroot-image-server"; attempts++) {
    assert(attempts < 100, names().join());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await home.enroot(["exec", String(child.pid), "touch", "/tmp/stop"]);
  const { code, stdout } = await child.output();
  assertEquals(code, 0);
  const unpacked = await home.enroot(["start", "box", "sh", "-c", count]);
  const withoutLinks = (text: string) => text.replace(/^total .*|^(\S+) +\d+/gm, "$1");
  assertEquals(withoutLinks(new TextDecoder().decode(stdout)), withoutLinks(unpacked.stdout));
  await untilNoServers(home);
});

imageTest("start mounts a squashfs file that --mount names", async () => {
  const home = await box();
  const plain = await home.enroot([
    "start",
    "-m",
    "box.sqsh:/data",
    "box",
    "cat",
    "/data/etc/motd",
  ]);
  assertEquals({ stdout: plain.stdout, stderr: plain.stderr }, {
    stdout: "Hello from inside the image!\n",
    stderr: "",
  });
  const typed = await home.enroot([
    "start",
    "-m",
    "box.sqsh:/data:squashfs:ro",
    "box.sqsh",
    "sh",
    "-c",
    "cat /data/etc/motd; echo x > /data/x",
  ]);
  assertStringIncludes(typed.stdout, "Hello from inside");
  assertStringIncludes(typed.stderr, "Read-only file system");
  // With options of a bind it is the file itself.
  const bound = await home.enroot([
    "start",
    "-m",
    "box.sqsh:/data.sqsh:x-create=file,bind",
    "box",
    "head",
    "-c",
    "4",
    "/data.sqsh",
  ]);
  assertEquals(bound.stdout, "hsqs");
  await untilNoServers(home);
});

imageTest("start says what is wrong with an image", async () => {
  const home = await box();
  const bytes = Deno.readFileSync(`${home.path}/box.sqsh`);
  Deno.writeFileSync(`${home.path}/cut.sqsh`, bytes.subarray(0, 4096));
  const { code, stdout, stderr } = await home.enroot(["start", "cut.sqsh", "true"]);
  assertEquals({ code, stdout }, { code: 1, stdout: "" });
  assertMatch(stderr, /^\[ERROR\] Invalid image format: .*cut\.sqsh \(.*cut short.*\)\n$/);
  const mounted = await home.enroot(["start", "-m", "cut.sqsh:/data", "box", "true"]);
  assertEquals(mounted.code, 1);
  assertMatch(
    mounted.stderr,
    /^\[ERROR\] Cannot mount .*cut\.sqsh on \/data \(.*\): .*cut short.*\n$/,
  );
  const without = ["start", "-m", "cut.sqsh:/etc:squashfs:nofail,silent", "box", "ls", "/etc/motd"];
  const unmounted = await home.enroot(without);
  assertEquals({ stdout: unmounted.stdout, stderr: unmounted.stderr }, {
    stdout: "/etc/motd\n",
    stderr: "",
  });
  const none = await home.enroot(["start", "./none.sqsh", "true"]);
  assertEquals(none.code, 1);
  assertMatch(none.stderr, /^\[ERROR\] .*none\.sqsh\n$/);
});

imageTest("start uses fuse-overlayfs where the kernel's overlayfs is not wanted", async () => {
  const home = await box();
  const { stdout, stderr } = await home.enroot(
    [
      "start",
      "--rw",
      "box.sqsh",
      "sh",
      "-c",
      "echo x > /srv/new; cat /srv/new; grep ' / ' /proc/self/mountinfo",
    ],
    { env: { ENROOT_NATIVE_OVERLAYFS: "n" } },
  );
  // What fuse-overlayfs itself says where the mount goes while it waits for requests.
  assertEquals(stderr.replace(/^fuse: reading device: .*\n/, ""), "");
  assertMatch(stdout, /^x\n.* fuse\.fuse-overlayfs /);
  await untilNoServers(home);
}, { programs: ["fuse-overlayfs"] });
