import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { planDouble } from "../../../tests/support/plan_double.ts";
import { planText } from "./plan_text.ts";
import { filesDouble } from "../../../tests/support/root_files_double.ts";

Deno.test("planText() tells what a plain start does, in order", () => {
  const plan = planDouble({
    fstabs: [{
      path: "10-system.fstab",
      content: "/proc /proc none x-create=dir,rbind,nosuid 0 -1\n${SHARED} /shared none bind,ro\n",
    }],
    mounts: ["tmpfs:/scratch:size=1m"],
    environs: [{ path: "10-terminal.env", content: "TERM=${TERM}\nGREETING=changed\n" }],
    environment: ["JOB"],
    hostEnvironment: [["TERM", "xterm"], ["JOB", "7"], ["SHARED", "/a b"]],
    hooks: [
      { kind: "standard", name: "10-shadow" },
      { kind: "executable", path: "/etc/enroot/hooks.d/20-own.sh" },
    ],
    command: { rc: null, arguments: ["sh", "-c", "id\nls"] },
  });
  const files = filesDouble({
    "/etc/environment": "PATH=/bin\nGREETING=hello\n",
    "/etc/fstab": "${ENROOT_ROOTFS}/data /data none x-create=dir,bind\n",
  });
  assertEquals(
    planText(plan, files),
    `namespaces: mnt user
uid_map: 1001 1001 1
gid_map: 1001 1001 1
runtime: /run/enroot
rootfs: /data/c
environment: PATH=/bin
environment: GREETING=changed
environment: TERM=xterm
environment: JOB=7
mount: /proc /proc none rbind,x-create=dir,nosuid
hook: 10-shadow
hook: /etc/enroot/hooks.d/20-own.sh
mount: /data/c/data /data none bind,x-create=dir
mount: /a\\040b /shared none bind,ro
mount: tmpfs /scratch tmpfs size=1m
writable: no
capabilities: none
filter: ownership
login: yes
rc: /etc/rc
argument: sh
argument: -c
argument: id\\012ls
`,
  );
});

Deno.test("planText() puts variables of the host into lines behind those of an image only", () => {
  const plan = planDouble({ hostEnvironment: [["TOKEN", "secret"], ["TERM", "xterm"]] });
  const files = filesDouble({
    "/etc/environment": "# enroot-environment: verbatim\nSTOLEN=${TOKEN}\nQUOTED='x'\n" +
      "ENROOT_X=1\n# enroot-environment: end\nTERM='${TERM}'\n",
  });
  assertEquals(
    planText(plan, files).split("\n").filter((line) => line.startsWith("environment: ")),
    ["environment: STOLEN=${TOKEN}", "environment: QUOTED='x'", "environment: TERM=xterm"],
  );
});

Deno.test("planText() tells about an image, namespaces and a remapped root", () => {
  const plan = planDouble({
    image: { path: "/tmp/\xfc.sqsh", offset: 0, opened: null },
    rootfs: "/run/enroot/rootfs",
    identity: { hostUid: 1001, hostGid: 100, uid: 0, gid: 0 },
    namespaces: { user: true, pid: true, net: true, ipc: true, uts: true },
    writable: true,
    loginShell: false,
    script: "job.conf",
    command: { rc: "/dev/null", arguments: [] },
  });
  assertEquals(
    planText(plan, filesDouble()),
    `namespaces: mnt user pid net ipc uts
uid_map: 0 1001 1
gid_map: 0 100 1
runtime: /run/enroot
image: /tmp/\\xfc.sqsh
rootfs: /run/enroot/rootfs
script: job.conf
mount: none /proc none x-detach,silent,nofail
mount: proc /proc proc x-create=dir,nodev,noexec,nosuid
mount: none /sys none x-detach,silent,nofail
mount: sysfs /sys sysfs x-create=dir,nodev,noexec,nosuid,ro
writable: yes
capabilities: all
filter: ownership
login: no
rc: /dev/null
`,
  );
});

Deno.test("planText() tells that a superuser without user namespace has no filter", () => {
  const plan = planDouble({
    identity: { hostUid: 0, hostGid: 0, uid: 0, gid: 0 },
    namespaces: { user: false, pid: false, net: false, ipc: false, uts: false },
  });
  assertEquals(
    planText(plan, filesDouble()),
    `namespaces: mnt
runtime: /run/enroot
rootfs: /data/c
mount: /proc/sys /proc/sys none bind,nodev,noexec,nosuid,ro,silent,nofail
mount: /proc/sysrq-trigger /proc/sysrq-trigger none bind,nodev,noexec,nosuid,ro,silent,nofail
writable: no
capabilities: all
filter: none
login: yes
rc: /etc/rc
`,
  );
});

Deno.test("planText() refuses what a start would refuse", () => {
  for (
    const plan of [
      planDouble({ mounts: ["nonsense"] }),
      planDouble({ environment: ["1=2"] }),
      planDouble({ fstabs: [{ path: "x.fstab", content: "nonsense\n" }] }),
    ]
  ) assertThrows(() => planText(plan, filesDouble()), EnrootError);
});
