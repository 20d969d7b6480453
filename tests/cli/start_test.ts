import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { containerTest, sharedContainerHome } from "../support/container.ts";
import { enrootCommand, TEST_UID } from "../support/enroot.ts";

/** None of the tests changes it for good. */
const box = sharedContainerHome();

/** What a shell command prints inside. */
async function inside(script: string, args: string[] = [], env: Record<string, string> = {}) {
  const home = await box();
  const { code, stdout, stderr } = await home.enroot(
    ["start", ...args, "box", "sh", "-c", script],
    {
      env,
    },
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

containerTest("start runs the image's command in its working directory", async () => {
  const { code, stdout, stderr } = await (await box()).enroot(["start", "box"]);
  assertEquals({ code, stdout, stderr }, {
    code: 0,
    stdout: "Hello from inside the image!\n",
    stderr: "",
  });
  assertEquals(await inside("pwd"), "/srv\n");
});

containerTest("start keeps the caller's identity, or shows it as root", async () => {
  assertEquals(
    await inside("id -u; cat /proc/self/uid_map | sed 's/  */ /g'"),
    [
      `${TEST_UID}`,
      ` ${TEST_UID} ${TEST_UID} 1`,
      "",
    ].join("\n"),
  );
  assertEquals(
    await inside("id -u; cat /proc/self/uid_map | sed 's/  */ /g'; cat /proc/self/setgroups", [
      "--root",
    ]),
    `0\n 0 ${TEST_UID} 1\ndeny\n`,
  );
  assertEquals(await inside("id -u", [], { ENROOT_REMAP_ROOT: "y" }), "0\n");
});

containerTest("start drops every capability unless root, and installs the filter", async () => {
  const status = await inside(
    "grep -E '^(Cap|NoNewPrivs|Seccomp:|SigIgn|SigBlk)' /proc/self/status",
  );
  for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"]) {
    assertStringIncludes(status, `Cap${set}:\t0000000000000000`);
  }
  assertStringIncludes(status, "NoNewPrivs:\t1");
  assertStringIncludes(status, "Seccomp:\t2");
  assertStringIncludes(status, "SigIgn:\t0000000000000000");
  assertStringIncludes(status, "SigBlk:\t0000000000000000");
  const root = await inside("grep CapEff /proc/self/status", ["--root"]);
  assertMatch(root, /CapEff:\t0*[1-9a-f][0-9a-f]{8,}/);
});

containerTest("start lets chown succeed without effect", async () => {
  const args = ["--root", "--rw"];
  const owner = "touch /srv/mine; chown 12:34 /srv/mine; stat -c %u:%g /srv/mine; rm /srv/mine";
  assertEquals(await inside(owner, args), "0:0\n");
});

containerTest("start mounts the root read-only unless told otherwise", async () => {
  const home = await box();
  const refused = await home.enroot(["start", "box", "sh", "-c", "touch /srv/new"]);
  assertStringIncludes(refused.stderr, "Read-only file system");
  await inside("touch /srv/new", ["--rw"]);
  assertEquals((await Deno.stat(`${home.rootfs}/srv/new`)).uid, TEST_UID);
  await inside("rm /srv/new", [], { ENROOT_ROOTFS_WRITABLE: "yes" });
});

containerTest("start is the process it was started as, all the way", async () => {
  const home = await box();
  const args = ["start", "box", "sh", "-c", "echo $$; exec sleep 0"];
  const child = enrootCommand(args, { home }).spawn();
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), `${child.pid}\n`);
});

containerTest("start ends with the command's exit code or signal", async () => {
  const home = await box();
  assertEquals((await home.enroot(["start", "box", "sh", "-c", "exit 42"])).code, 42);
  const killed = await home.enroot(["start", "box", "sh", "-c", "kill -TERM $$"]);
  assertEquals(killed.signal, "SIGTERM");
});

containerTest("start passes exactly the container's environment on", async () => {
  const env = { SECRET: "host", TERM: "xterm", JOB: "7" };
  const names = await inside("env | sort | grep -v -E '^(_|PWD|SHLVL|HOME|OLDPWD)='", [
    "-e",
    "A=1 2",
    "--env",
    "JOB",
  ], env);
  assertEquals(
    names,
    "A=1 2\nGREETING=hello\nJOB=7\nLOGNAME=" + (await whoami()) +
      "\nPATH=/bin\nSHELL=/bin/sh\nTERM=xterm\nUSER=" + (await whoami()) + "\n",
  );
});

async function whoami(): Promise<string> {
  return (await inside("cat /etc/passwd | grep :" + TEST_UID + ": | head -1 | sed 's/:.*//'"))
    .trim();
}

containerTest("start mounts what --mount asks for, and nothing outside the root", async () => {
  const home = await box();
  Deno.writeTextFileSync(`${home.path}/shared`, "from the host\n");
  const mounted = await inside("cat /srv/m; cat /proc/self/mountinfo | grep ' /scratch '", [
    "-m",
    `${home.path}/shared:/srv/m:none:bind,ro,x-create=file`,
    "--mount",
    "tmpfs:/scratch:x-create=dir,size=1m",
  ]);
  assertStringIncludes(mounted, "from the host\n");
  assertMatch(mounted, /\/scratch rw,.* - tmpfs tmpfs .*size=1024k/);
  const escape = await home.enroot(["start", "-m", "/etc:/../../x:rbind,x-create=dir", "box"]);
  assertEquals(escape.code, 1);
  assertMatch(escape.stderr, /^\[ERROR\] Cannot mount .*cross-device link.*\n$/);
  const missing = await home.enroot(["start", "-m", "/nowhere:/srv:bind", "box"]);
  assertEquals(missing.code, 1);
  assertMatch(missing.stderr, /^\[ERROR\] Cannot mount \/nowhere on \/srv .*No such file/);
});

containerTest("start mounts directories with blanks in their names", async () => {
  const home = await box();
  Deno.mkdirSync(`${home.path}/my files`);
  Deno.writeTextFileSync(`${home.path}/my files/a`, "from the host\n");
  try {
    for (
      const value of [`${home.path}/my files:/srv/m n`, `${home.path}/my\\040files /srv/m\\040n`]
    ) {
      assertEquals(await inside("cat '/srv/m n/a'", ["--mount", value]), "from the host\n");
      const { stdout } = await home.enroot(["start", "--dry-run", "--mount", value, "box"]);
      assertStringIncludes(
        stdout,
        `mount: ${home.path}/my\\040files /srv/m\\040n none rbind,x-create=auto\n`,
      );
    }
  } finally {
    Deno.removeSync(`${home.path}/my files`, { recursive: true });
    Deno.removeSync(`${home.rootfs}/srv/m n`, { recursive: true });
  }
});

containerTest("start makes a volume of which the image has no directory", async () => {
  const home = await box();
  const fstab = `${home.rootfs}/etc/fstab`;
  const line = (name: string, options: string, target = name) =>
    `\${ENROOT_ROOTFS}/${name} /${target} none ${options}\n`;
  Deno.symlinkSync("/etc", `${home.rootfs}/volume`);
  Deno.writeTextFileSync(
    fstab,
    line("volumes/one", "x-create=dir,bind,rw,nosuid,nodev") +
      line("volumes/file", "x-create=file,rbind,ro") +
      line("volume", "x-create=dir,bind", "volumes/link"),
  );
  try {
    const script = "echo x > /volumes/one/new; cat /volumes/one/new; test -f /volumes/file && " +
      // Where a link leads is up to the container, not to the host.
      "[ /volumes/link/motd -ef /etc/motd ] && echo file";
    assertEquals(await inside(script), "x\nfile\n");
    Deno.writeTextFileSync(fstab, line("none", "bind"));
    const missing = await home.enroot(["start", "box"]);
    assertMatch(missing.stderr, /^\[ERROR\] Cannot mount .*\/none on \/none .*x-create=auto/);
  } finally {
    for (const name of ["etc/fstab", "volume", "volumes"]) {
      await Deno.remove(`${home.rootfs}/${name}`, { recursive: true }).catch(() => {});
    }
  }
});

containerTest("start reads fstab and environment files of system and user", async () => {
  const home = await box();
  const write = (path: string, text: string) => {
    Deno.mkdirSync(`${home.path}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(`${home.path}/${path}`, text);
  };
  write("sysconf/mounts.d/50-a.fstab", "tmpfs ${WHERE} tmpfs x-create=dir,size=2m\n");
  write("sysconf/environ.d/50-a.env", "FROM_SYSTEM=${WHERE}\nBOTH=system\n# comment\n");
  write("config/enroot/environ.d/60-b.env", "BOTH=user\n");
  try {
    const seen = await inside(
      "echo $FROM_SYSTEM $BOTH; cat /proc/self/mountinfo | grep -c ' /there '",
      [],
      { WHERE: "/there" },
    );
    assertEquals(seen, "/there user\n1\n");
  } finally {
    for (const path of ["sysconf/mounts.d", "sysconf/environ.d", "config/enroot"]) {
      Deno.removeSync(`${home.path}/${path}`, { recursive: true });
    }
  }
});

containerTest("start runs hooks of the system, and stops when one fails", async () => {
  const home = await box();
  const directory = `${home.sysconf}/hooks.d`;
  Deno.mkdirSync(directory);
  const hook = (name: string, text: string) => {
    Deno.writeTextFileSync(`${directory}/${name}`, `#!/bin/sh\n${text}\n`);
    Deno.chmodSync(`${directory}/${name}`, 0o755);
  };
  try {
    hook(
      "20-hello.sh",
      'echo "HOOK=$ENROOT_PID" >> "$ENROOT_ENVIRON"\n' +
        'echo "tmpfs /hook tmpfs x-create=dir" >> "$ENROOT_MOUNTS"\n' +
        'echo "tmpfs /piped tmpfs x-create=dir" | enroot-mount --root "$ENROOT_ROOTFS" -',
    );
    const seen = await inside(
      "test $HOOK = $$ && cat /proc/self/mountinfo | grep -c -E ' /(hook|piped) '",
    );
    assertEquals(seen, "2\n");
    hook("30-bad.sh", "exit 3");
    const failed = await home.enroot(["start", "box"]);
    assertEquals({ code: failed.code, stderr: failed.stderr }, {
      code: 1,
      stderr: `[ERROR] ${directory}/30-bad.sh exited with return code 3\n`,
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

containerTest("start runs hooks that use the shell functions and the mount helper", async () => {
  const home = await box();
  const directory = `${home.path}/config/enroot/hooks.d`;
  Deno.mkdirSync(directory, { recursive: true });
  const hook = `#! /usr/bin/env bash
set -euo pipefail
shopt -s lastpipe
source "\${ENROOT_LIBRARY_PATH}/common.sh"
common::checkcmd grep sed
[ -n "\${ENROOT_MOUNT_HOME-}" ] && common::err "a setting that is off"
[ -n "\${ENROOT_REMAP_ROOT-}" ] && common::log INFO "remapped"
readonly entry=$(common::getpwent || echo "x:x:$(id -u):")
cut -d: -f3 <<< "\${entry}" | read -r uid
readonly rootfs=$(common::realpath "\${ENROOT_ROOTFS}")
cat <<- EOF | enroot-mount --root "\${ENROOT_ROOTFS}" -
	tmpfs /from-hook tmpfs x-create=dir,size=1m
EOF
echo "tmpfs /later tmpfs x-create=dir" >> "\${ENROOT_MOUNTS}"
grep -q ^GREETING= "\${ENROOT_ENVIRON}"
sed -i '/^GREETING=/d' "\${ENROOT_ENVIRON}"
printf 'HOOK_UID=%s\nHOOK_ROOTFS="%s"\n' "\${uid}" "\${rootfs}" >> "\${ENROOT_ENVIRON}"
`;
  Deno.writeTextFileSync(`${directory}/50-own.sh`, hook, { mode: 0o755 });
  Deno.writeTextFileSync(`${directory}/60-not-executable.sh`, "exit 1\n");
  try {
    const show = "echo $HOOK_UID $HOOK_ROOTFS \${GREETING-gone}; " +
      "grep -cE ' /(from-hook|later) ' /proc/self/mountinfo";
    const { code, stdout, stderr } = await home.enroot(
      ["start", "--root", "box", "sh", "-c", show],
      {
        env: { ENROOT_MOUNT_HOME: "no" },
      },
    );
    assertEquals({ code, stdout, stderr }, {
      code: 0,
      stdout: `${TEST_UID} ${home.rootfs} gone\n2\n`,
      stderr: "[INFO] remapped\n",
    });
  } finally {
    Deno.removeSync(`${home.path}/config/enroot`, { recursive: true });
  }
});

containerTest("start leaves no descriptor of its own to the container", async () => {
  const home = await box();
  Deno.writeTextFileSync(`${home.path}/empty.conf`, "environ() { :; }\nhooks() { :; }\n");
  // What the test itself was given goes to everybody.
  const ls = new Deno.Command("ls", { args: ["/proc/self/fd"], stdin: "null", stderr: "null" });
  const plain = new TextDecoder().decode(ls.outputSync().stdout);
  for (
    const args of [
      ["box"],
      ["box.sqsh"],
      ["--conf", "empty.conf", "--pid", "--ipc", "box"],
    ]
  ) {
    const { stdout } = await home.enroot(["start", ...args, "ls", "/proc/self/fd"]);
    assertEquals(stdout, plain);
  }
}, { fuse: true });

containerTest("start follows a configuration script, whose stages share one shell", async () => {
  const home = await box();
  const conf = `${home.path}/script.conf`;
  Deno.writeTextFileSync(
    conf,
    [
      "#ENROOT_REMAP_ROOT=y",
      'environ() { first="$1"; echo "FIRST=$first"; }',
      'mounts() { echo "tmpfs /conf-$first x-create=dir"; }',
      'hooks() { echo "hook $first" > "$ENROOT_ROOTFS/tmp-hook"; }',
      'rc() { id -u; echo "$FIRST $2"; cat /tmp-hook; ls -d /conf-*; }',
      "",
    ].join("\n"),
  );
  const { stdout, stderr } = await home.enroot(["start", "--conf", conf, "box", "one", "two"]);
  assertEquals({ stdout, stderr }, {
    stdout: "0\none two\nhook one\n/conf-one\n",
    stderr: "",
  });
  Deno.writeTextFileSync(conf, "environ() {\n");
  const broken = await home.enroot(["start", "-c", conf, "box"]);
  assertEquals(broken.code, 1);
  assertMatch(broken.stderr, /\[ERROR\] .*script\.conf exited with return code \d+\n$/);
});

containerTest("start runs a script of the host instead of the image's", async () => {
  const home = await box();
  Deno.writeTextFileSync(`${home.path}/rc`, 'echo "rc of mine: $*"\n');
  const { stdout } = await home.enroot(["start", "--rc", `${home.path}/rc`, "box", "a", "b"]);
  assertEquals(stdout, "rc of mine: a b\n");
  // No script at all: the command as it is, in the home directory rather than the image's.
  const args = ["--rc", "/dev/null", "box", "sh", "-c", 'pwd; exit "$1"', "sh", "3"];
  const nothing = await home.enroot(["start", "-e", "HOME=/etc", ...args]);
  assertEquals({ code: nothing.code, stdout: nothing.stdout }, { code: 3, stdout: "/etc\n" });
  const missing = await home.enroot(["start", "--rc", "/no/rc", "box"]);
  assertEquals(missing.stderr, "[ERROR] No such file or directory: /no/rc\n");
});

containerTest("start makes the namespaces it is asked for", async () => {
  const home = await box();
  const own = (name: string) => Deno.readLinkSync(`/proc/self/ns/${name}`);
  const links = "for n in net ipc uts pid mnt user; do readlink /proc/self/ns/$n; done";
  const plain = (await inside(links)).trim().split("\n");
  assertEquals(plain.slice(0, 4), ["net", "ipc", "uts", "pid"].map(own));
  const all = (await inside(links, ["--net", "--ipc", "--uts"])).trim().split("\n");
  for (const [index, name] of ["net", "ipc", "uts"].entries()) {
    assertEquals(all[index] === own(name), false, name);
  }
  const loopback = await inside("cat /sys/class/net/lo/flags; ls /sys/class/net", ["--net"]);
  assertEquals(loopback, "0x9\nlo\n");
  const first = await home.enroot(["start", "--pid", "box", "sh", "-c", "echo $$; exit 9"]);
  assertEquals({ code: first.code, stdout: first.stdout }, { code: 9, stdout: "1\n" });
});

containerTest("start --dry-run prints the plan, and starts nothing", async () => {
  const home = await box();
  const { code, stdout, stderr } = await home.enroot([
    ...["start", "--dry-run", "--root", "-m", "tmpfs:/new:x-create=dir"],
    ...["--rc", "/dev/null", "-e", "A=1", "box", "touch", "/srv/new"],
  ]);
  assertEquals([code, stderr], [0, ""]);
  for (
    const line of [
      "namespaces: mnt user",
      `uid_map: 0 ${TEST_UID} 1`,
      `rootfs: ${home.rootfs}`,
      "environment: GREETING=hello",
      "environment: A=1",
      "mount: /proc /proc none rbind,x-create=dir,nodev,noexec,nosuid,rw,rslave",
      "hook: 10-shadow",
      "mount: tmpfs /new tmpfs x-create=dir",
      "rc: /dev/null",
      "argument: touch",
    ]
  ) assertStringIncludes(stdout, `${line}\n`);
  const again = await home.enroot(["start", "--dry-run", "box.sqsh"]);
  assertStringIncludes(again.stdout, `image: ${home.path}/box.sqsh\n`);
});

containerTest("start says what it cannot start", async () => {
  const home = await box();
  const refusals: [string[], string][] = [
    [["missing"], `[ERROR] No such file or directory: ${home.data}/missing\n`],
    [["../box"], "[ERROR] Invalid argument: ../box\n"],
    [["-e", "1=2", "box"], "[ERROR] Invalid argument: 1=2\n"],
  ];
  for (const [args, message] of refusals) {
    const { code, stdout, stderr } = await home.enroot(["start", ...args]);
    assertEquals({ code, stdout, stderr }, { code: 1, stdout: "", stderr: message });
  }
});
