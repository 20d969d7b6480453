/** Callers and hosts that lack what most have. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ContainerHome, containerTest, sharedContainerHome } from "../support/container.ts";
import { programFiles, TEST_UID } from "../support/enroot.ts";
import type { Needs } from "../support/requires.ts";
import { makeTemporaryDirectory } from "../support/temp.ts";
import { programWords } from "../support/terminal.ts";

/** None of the tests changes it for good. */
const box = sharedContainerHome();

const IS_ROOT = Deno.uid() === 0;

function superuserTest(name: string, fn: () => Promise<void>, needs: Needs = {}): void {
  containerTest(name, fn, { root: true, ...needs });
}

const IS_EXECUTABLE = programFiles().args.length === 0;

/** Declares a test of what only the executable has: before Deno itself, no code of ours runs. */
function executableTest(name: string, fn: () => Promise<void>, needs: Needs = {}): void {
  const other = IS_EXECUTABLE ? undefined : "from source, Deno starts first";
  containerTest(name, fn, { other, ...needs });
}

/** Runs a shell script as a user, with nothing in the environment but what is said. */
async function run(script: string, { uid, env, cwd }: {
  uid: number;
  env: Record<string, string>;
  cwd: string;
}) {
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script],
    env: { PATH: "/usr/bin:/bin", ...programFiles().env, ...env },
    clearEnv: true,
    cwd,
    stdin: "null",
    ...(IS_ROOT ? { uid, gid: uid } : {}),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

for (const uid of [4242, 2 ** 31, 4_294_967_294]) {
  superuserTest(`start works for the uid ${uid}, which has no account`, async () => {
    using temporary = makeTemporaryDirectory({ prefix: "enroot-test-" });
    const directory = temporary.path;
    Deno.copyFileSync(`${(await box()).path}/box.sqsh`, `${directory}/box.sqsh`);
    Deno.chmodSync(`${directory}/box.sqsh`, 0o644);
    Deno.chownSync(directory, uid, uid);
    const enroot = programWords();
    const options = { uid, env: { HOME: directory, TMPDIR: directory }, cwd: directory };
    const show =
      "'id -u; cat /proc/self/uid_map; echo $USER $HOME; grep -c :x:$(id -u): /etc/passwd'";
    for (const target of ["box.sqsh", "box"]) {
      const { code, stdout, stderr } = await run(
        `${enroot} create -f box.sqsh 2>/dev/null; ${enroot} start ${target} sh -c ${show}`,
        options,
      );
      assertEquals([code, stderr], [0, ""]);
      assertEquals(stdout.split("\n").map((line) => line.trim().replace(/ +/g, " ")), [
        ...[String(uid), `${uid} ${uid} 1`, `${uid} ${directory}`, "1", ""],
      ]);
    }
    const root = await run(`${enroot} start --root box id -u`, options);
    assertEquals([root.code, root.stdout], [0, "0\n"]);
    const { stdout } = await run(`${enroot} list -f`, options);
    assertMatch(stdout, /^NAME .*\nbox\n$/);
  }, { fuse: true });
}

containerTest("start needs neither HOME nor XDG directories", async () => {
  const home = await box();
  const env = { ENROOT_SYSCONF_PATH: home.sysconf, TMPDIR: `${home.path}/tmp` };
  const { code, stdout, stderr } = await run(
    `${programWords()} start ./box.sqsh sh -c 'id -u; pwd; echo \${TERM:-none} \${HOME:+home}'`,
    { uid: TEST_UID, env, cwd: home.path },
  );
  assertEquals({ code, stdout, stderr }, {
    code: 0,
    stdout: `${TEST_UID}\n/srv\nnone home\n`,
    stderr: "",
  });
}, { fuse: true });

containerTest("odd variables of the caller are passed or dropped, and harm nobody", async () => {
  const home = await box();
  Deno.writeTextFileSync(
    `${home.path}/all.conf`,
    'environ() { env; }\nhooks() { printf "%s" "$BYTES" > "$ENROOT_ROOTFS/srv/bytes"; }\n',
  );
  const odd = `exec env BYTES="$(printf '\\377\\376')" LINES_="$(printf 'a\\nX=b')" 'A B=c' =d \\
    EMPTY= 'BASH_FUNC_f%%=() { echo f; }' ENROOT_ODD1=1`.replace("=d ", "");
  const options = { uid: TEST_UID, env: { ...home.env, HOME: "/" }, cwd: home.path };
  const show = `'printf "%s|%s|%s|%s" "$BYTES" "$LINES_" "$EMPTY" "\${ENROOT_ODD1-dropped}"'`;
  const variables = "-e BYTES -e LINES_ -e EMPTY -e ENROOT_ODD1";
  const passed = await run(
    `${odd} ${programWords()} start ${variables} box sh -c ${show} | od -c`,
    options,
  );
  assertEquals(passed.stderr, "");
  assertStringIncludes(passed.stdout, "377 376   |   a  \\n   X   =   b   |   |   d   r   o");
  const scripted = await run(
    `${odd} ${programWords()} start --rw --conf all.conf box sh -c 'echo $X; cat /srv/bytes; rm /srv/bytes' | od -c`,
    options,
  );
  assertEquals(scripted.stderr, "");
  assertStringIncludes(scripted.stdout, "b  \\n 377 376");
}, { programs: ["bash"] });

containerTest("start reads scripts from pipes", async () => {
  const home = await box();
  const { code, stdout, stderr } = await run(
    `echo 'environ() { echo A=piped; }' | ${programWords()} start -c /dev/stdin box sh -c 'echo $A'
     echo 'echo "rc: $1"' | ${programWords()} start --rc /dev/stdin box word`,
    { uid: TEST_UID, env: home.env, cwd: home.path },
  );
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "piped\nrc: word\n", stderr: "" });
}, { programs: ["bash"] });

containerTest("start copes with directories that nobody may write or enter", async () => {
  const home = await box();
  await withContainer(home, async (rootfs) => {
    for (const path of ["etc", "var", "srv", "dev", "tmp"]) Deno.chmodSync(`${rootfs}/${path}`, 0);
    Deno.chmodSync(rootfs, 0o555);
    // The image's own script is out of reach: the command is run as it is.
    const bare = await home.enroot(["start", "other", "sh", "-c", "echo in; exit 3"]);
    assertEquals(bare, { code: 3, signal: null, stdout: "in\n", stderr: "" });
    Deno.chmodSync(`${rootfs}/etc`, 0o555);
    Deno.chmodSync(`${rootfs}/srv`, 0o555);
    const again = await home.enroot(["start", "other", "sh", "-c", "echo in; pwd; exit 3"]);
    assertEquals(again, { code: 3, signal: null, stdout: "in\n/srv\n", stderr: "" });
    Deno.chmodSync(rootfs, 0);
    const closed = await home.enroot(["start", "other", "true"]);
    assertEquals(closed.stderr, "[ERROR] Cannot execute /bin/sh: Permission denied\n");
  });
});

containerTest("start runs a command that needs no shell where there is none", async () => {
  const home = await box();
  await withContainer(home, async (rootfs) => {
    Deno.removeSync(`${rootfs}/bin/sh`);
    const start = (...args: string[]) => home.enroot(["start", ...args]);
    const direct = await start("other", "cat", "/proc/self/cmdline", "/etc/motd");
    assertEquals(direct, {
      ...{ code: 0, signal: null, stderr: "" },
      stdout: "cat\0/proc/self/cmdline\0/etc/motd\0Hello from inside the image!\n",
    });
    assertEquals((await start("other", "readlink", "/proc/self/cwd")).stdout, "/srv\n");
    assertEquals((await start("--rc", "/dev/null", "other", "/bin/id", "-u")).code, 0);
    for (
      const [args, message] of [
        // What the image runs by itself is a shell.
        [["other"], "Command not found: sh"],
        [["other", "nothing"], "Command not found: nothing"],
        [["--rc", "/dev/null", "other"], "Cannot find a shell to start"],
        [["--rc", "/etc/profile", "other", "id"], "Cannot find a shell for the command script"],
      ] as const
    ) {
      const { code, stderr } = await start(...args);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `[ERROR] ${message}`);
    }
  });
});

const NO_SETTING = (() => {
  try {
    Deno.statSync("/proc/sys/vm/memfd_noexec");
    return undefined;
  } catch {
    return "vm.memfd_noexec came with Linux 6.3";
  }
})();

superuserTest("start works where files in memory cannot be executed", async () => {
  const home = await box();
  for (const setting of ["1", "2"]) {
    // The setting belongs to a PID namespace.
    const script = `set -e; echo ${setting} > /proc/sys/vm/memfd_noexec
      exec setpriv --reuid ${TEST_UID} --regid ${TEST_UID} --clear-groups ${programWords()} "$@"`;
    const { code, stdout } = await new Deno.Command("unshare", {
      args: [
        ...["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"],
        ...["start", "--ipc", "box.sqsh", "sh", "-c", "echo started"],
      ],
      env: { ...home.env, ...programFiles().env },
      clearEnv: true,
      cwd: home.path,
    }).output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "started\n"]);
  }
}, { fuse: true, programs: ["unshare", "setpriv"], other: NO_SETTING });

superuserTest("start works in a directory that the user may not search", async () => {
  const home = await box();
  using closed = makeTemporaryDirectory();
  Deno.chmodSync(closed.path, 0o700);
  const { code, stdout, stderr } = await new Deno.Command("setpriv", {
    args: [
      ...["--reuid", String(TEST_UID), "--regid", String(TEST_UID), "--clear-groups", "--"],
      ...[programFiles().command, ...programFiles().args],
      ...["start", "box", "sh", "-c", "echo started"],
    ],
    env: { ...home.env, ...programFiles().env },
    clearEnv: true,
    cwd: closed.path,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([code, decode(stdout), decode(stderr)], [0, "started\n", ""]);
}, { programs: ["setpriv"] });

/** Runs a script for the test user in which `enroot` is the program; `cwd` is the home directory. */
async function runScript(script: string) {
  const home = await box();
  return await run(`enroot() { ${programWords()} "$@"; }\n${script}`, {
    uid: TEST_UID,
    env: home.env,
    cwd: home.path,
  });
}

executableTest("a low soft limit is raised for the program, not for the container", async () => {
  const low = "ulimit -S -v 16777216; ulimit -S -d 102400; ulimit -S -s 100";
  const show = "'echo $(ulimit -S -v) $(ulimit -S -d) $(ulimit -S -s) $(ulimit -H -v)'";
  for (
    const command of [
      "enroot start box sh -c",
      "enroot start box.sqsh sh -c",
      "enroot start --pid --root box sh -c",
      "ENROOT_LOGIN_SHELL=n enroot start -c empty.conf box sh -c",
    ]
  ) {
    const { code, stdout, stderr } = await runScript(`: > empty.conf; ${low}; ${command} ${show}`);
    assertEquals([code, stderr, stdout], [0, "", "16777216 102400 100 unlimited\n"]);
  }
  const joined = await runScript(`
    mkfifo started; ${programWords()} start box sh -c 'echo; exec sleep 60' > started & read line < started
    rm started; ${low}; enroot exec $! sh -c ${show}; kill $!`);
  assertEquals(joined.stdout, "16777216 102400 100 unlimited\n");
  const version = await runScript(`${low}; enroot version`);
  assertEquals([version.code, version.stderr], [0, ""]);
}, { fuse: true });

executableTest("a hard limit that is too low is an error of one line", async () => {
  for (
    const [option, least] of [["-v 16777216", 52428800], ["-d 102400", 655360], ["-s 100", 256]]
  ) {
    const { code, stdout, stderr } = await runScript(`ulimit ${option}; enroot version`);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^\[ERROR\] Not enough [^\n]*\n$/);
    assertStringIncludes(stderr, `must be ${least} KiB or more`);
  }
});

executableTest("arguments and variables reach a container byte for byte", async () => {
  const odd = "$(printf 'J\\366rg')";
  const show = "od -An -tx1";
  for (
    const [command, bytes] of [
      [`start box sh -c 'printf %s "$1"' sh "${odd}"`, "4a f6 72 67"],
      [`start --pid --root box sh -c 'printf %s "$1"' sh "${odd}"`, "4a f6 72 67"],
      [`start box.sqsh sh -c 'printf "%s|" "$@"' sh "${odd}" '' ü`, "4a f6 72 67 7c 7c c3 bc 7c"],
      [`start -e "X=${odd}" box sh -c 'printf %s "$X"'`, "4a f6 72 67"],
      [`start -m ".:/tmp/${odd}" box sh -c 'cd /tmp/J*; ls -d box.sqsh'`, ""],
    ] as const
  ) {
    const { code, stdout, stderr } = await runScript(
      `enroot ${command} > out; ${show} out; rm out`,
    );
    assertEquals([code, stderr], [0, ""]);
    if (bytes !== "") assertEquals(stdout.trim(), bytes);
    else assertStringIncludes(stdout, "62 6f 78 2e 73 71 73 68");
  }
  const joined = await runScript(`
    mkfifo started; ${programWords()} start box sh -c 'echo; exec sleep 60' > started & read line < started
    rm started; enroot exec -e "X=${odd}" $! sh -c 'printf %s "$X$1"' sh "${odd}" | ${show}; kill $!`);
  assertEquals(joined.stdout.trim(), "4a f6 72 67 4a f6 72 67");
}, { fuse: true });

executableTest("names that are not UTF-8 work or are refused in one line", async () => {
  const odd = "$(printf 'J\\366rg')";
  const create = await runScript(`
    cp box.sqsh "${odd}.sqsh"; enroot create -n odd "${odd}.sqsh" 2>/dev/null && enroot remove -f odd
    code=$?; rm "${odd}.sqsh"; exit $code`);
  assertEquals([create.code, create.stderr], [0, ""]);
  for (
    const [command, message] of [
      [`start "${odd}"`, "Invalid argument: J\\xf6rg (it is not UTF-8)"],
      [`import -o "${odd}.sqsh" tar:x`, "Invalid argument: J\\xf6rg.sqsh (it is not UTF-8)"],
      [`"${odd}" 3>&1 >/dev/null`, "Invalid argument: J\\xf6rg"],
    ]
  ) {
    const { code, stderr } = await runScript(`enroot ${command}`);
    assertEquals([code, stderr], [1, `[ERROR] ${message}\n`]);
  }
  for (const name of ["HOME", "ENROOT_DATA_PATH", "XDG_DATA_HOME"]) {
    const { code, stderr } = await runScript(`${name}="/tmp/${odd}" enroot list`);
    assertEquals(code, 1);
    assertEquals(stderr, `[ERROR] Invalid variable: ${name}=/tmp/J\\xf6rg (it is not UTF-8)\n`);
    assertEquals((await runScript(`${name}="/tmp/${odd}" enroot version`)).code, 0);
  }
});

/** What a user does in a working directory that is about to be no usual one. */
const ERRAND = `
  enroot version > /dev/null
  enroot start box sh -c 'pwd'
  enroot start "$HOME/box.sqsh" sh -c 'pwd'
  enroot start --pid -m "$HOME:/tmp" box ls -d /tmp/box.sqsh
  enroot create -n made "$HOME/box.sqsh"
  enroot export -o "$HOME/made.sqsh" made
  enroot remove -f made`;

executableTest("the working directory may have been deleted", async () => {
  const { stdout, stderr, code } = await runScript(`
    mkdir gone; cd gone; rmdir ../gone; set -e
    { ${ERRAND}
    } 2>&1 | grep -v INFO; rm "$HOME/made.sqsh"`);
  assertEquals([code, stderr, stdout], [0, "", "/srv\n/srv\n/tmp/box.sqsh\n"]);
  for (
    const [command, message] of [
      ["create box.sqsh", "No such file or directory: /proc/self/cwd/box.sqsh"],
      ["import -o x.sqsh tar:/dev/null", "Cannot write /proc/self/cwd/x.sqsh: No such file"],
      ["start -m .:/tmp box true", "Cannot mount /proc/self/cwd/. on /tmp (--mount .:/tmp): No"],
    ] as const
  ) {
    const result = await runScript(`mkdir gone; cd gone; rmdir ../gone; enroot ${command}`);
    assertEquals([result.code, result.stdout], [1, ""]);
    assertMatch(result.stderr.replaceAll(/\[INFO\].*\n/g, ""), /^\[ERROR\] [^\n]*\n$/);
    assertStringIncludes(result.stderr, message);
  }
}, { fuse: true });

executableTest("the path of the working directory need not be UTF-8", async () => {
  const { stdout, stderr, code } = await runScript(`
    directory="$HOME/$(printf 'J\\366rg')"; mkdir "$directory"; cd "$directory"; set -e
    { ${ERRAND}
      ln -s ../box.sqsh here.sqsh; enroot create -n here here.sqsh; enroot remove -f here
      enroot export -o out.sqsh box; enroot start -m .:/tmp box ls /tmp
    } 2>&1 | grep -v INFO; rm -r "$directory" "$HOME/made.sqsh"`);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, "/srv\n/srv\n/tmp/box.sqsh\nhere.sqsh\nout.sqsh\n");
}, { fuse: true });

executableTest("a host without /proc is an error of one line", async () => {
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", 'umount -l /proc && exec "$0" version', programFiles().command],
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([code, decode(stdout), decode(stderr)], [
    ...[1, "", "[ERROR] Cannot find this program: /proc is not mounted\n"],
  ]);
}, { root: true, programs: ["unshare"] });

/** Gives a test a container `other` that it may spoil. */
async function withContainer(home: ContainerHome, test: (rootfs: string) => Promise<void>) {
  const created = await home.enroot(["create", "--name", "other", "box.sqsh"]);
  assertEquals(created.code, 0);
  try {
    await test(`${home.data}/other`);
  } finally {
    await home.enroot(["remove", "--force", "other"]);
  }
}

const OWN_MOUNTS: Needs = { mounts: true, programs: ["unshare", "setpriv"] };

/** Runs a script as root in mounts of its own, with the program's words for its arguments. */
async function inOwnMounts(script: string, args: string[], env: Record<string, string> = {}) {
  const home = await box();
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "sh", "-ec", script, "sh", ...args],
    env: { ...home.env, ...programFiles().env, ...env },
    clearEnv: true,
    cwd: home.path,
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

superuserTest("start needs none of the files that tell a machine's name and servers", async () => {
  for (const links of ["", "ln -s ../run/none /etc/resolv.conf; ln -s none /etc/localtime;"]) {
    const script = `mkdir -p run/etc
      cp -r /etc/passwd /etc/group /etc/ld.so.* /etc/nsswitch.conf run/etc
      mount --bind run/etc /etc
      ${links} set +e
      setpriv --reuid ${TEST_UID} --regid ${TEST_UID} --clear-groups ${programWords()} "$@"
      code=$?; umount /etc; rm -r run/etc; exit $code`;
    const { code, stdout, stderr } = await inOwnMounts(script, [
      "start",
      "box",
      "sh",
      "-c",
      "echo started",
    ]);
    assertEquals([code, stdout], [0, "started\n"]);
    for (const line of stderr.trim().split("\n")) {
      assertMatch(line, /^\[WARN\] Cannot mount \/etc\/(hosts|hostname|resolv\.conf) on /);
    }
  }
}, OWN_MOUNTS);

superuserTest("start works where the root cannot be exchanged, as in an initramfs", async () => {
  const home = await box();
  // The kernel refuses as well to exchange a root whose own mount lies on one that is shared.
  const script = `mkdir -p run/new
    mount -t tmpfs none run/new
    mount --make-shared run/new
    mkdir run/new/root
    mount --rbind / run/new/root
    exec chroot run/new/root ${programWords()} "$@"`;
  const show = "cat /etc/motd; ls / | grep -c srv; cat /etc/hostname > /dev/null && echo file";
  // With --pid, for setns(2) leads to the root of the mount namespace, which is another one here.
  const args = ["start", "--pid", `${home.path}/box.sqsh`, "sh", "-c", show];
  const { code, stdout, stderr } = await inOwnMounts(script, args, {
    ENROOT_ALLOW_SUPERUSER: "y",
    ENROOT_RUNTIME_PATH: `${home.path}/runtime`, // Root would leave /run/enroot behind.
  });
  assertEquals([code, stdout, stderr], [0, "Hello from inside the image!\n1\nfile\n", ""]);
}, { ...OWN_MOUNTS, fuse: true });
