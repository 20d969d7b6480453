/** Callers and hosts that lack what most have. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ContainerHome, containerTest, sharedContainerHome } from "../support/container.ts";
import { programFiles, TEST_UID } from "../support/enroot.ts";
import type { Needs } from "../support/requires.ts";
import { programWords } from "../support/terminal.ts";

/** None of the tests changes it for good. */
const box = sharedContainerHome();

const IS_ROOT = Deno.uid() === 0;

function superuserTest(name: string, fn: () => Promise<void>, needs: Needs = {}): void {
  containerTest(name, fn, { root: true, ...needs });
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
    const directory = Deno.makeTempDirSync({ prefix: "enroot-test-" });
    try {
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
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
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
});

containerTest("start reads scripts from pipes", async () => {
  const home = await box();
  const { code, stdout, stderr } = await run(
    `echo 'environ() { echo A=piped; }' | ${programWords()} start -c /dev/stdin box sh -c 'echo $A'
     echo 'echo "rc: $1"' | ${programWords()} start --rc /dev/stdin box word`,
    { uid: TEST_UID, env: home.env, cwd: home.path },
  );
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "piped\nrc: word\n", stderr: "" });
});

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

superuserTest("start works where files in memory cannot be executed", async () => {
  const home = await box();
  for (const setting of ["1", "2"]) {
    // The setting belongs to a PID namespace.
    const script = `echo ${setting} > /proc/sys/vm/memfd_noexec || exit 9
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
    if (code === 9) return; // Linux before 6.3
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "started\n"]);
  }
}, { fuse: true });

superuserTest("start works in a directory that the user may not search", async () => {
  const home = await box();
  const closed = Deno.makeTempDirSync();
  try {
    Deno.chmodSync(closed, 0o700);
    const { code, stdout, stderr } = await new Deno.Command("setpriv", {
      args: [
        ...["--reuid", String(TEST_UID), "--regid", String(TEST_UID), "--clear-groups", "--"],
        ...[programFiles().command, ...programFiles().args],
        ...["start", "box", "sh", "-c", "echo started"],
      ],
      env: { ...home.env, ...programFiles().env },
      clearEnv: true,
      cwd: closed,
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals([code, decode(stdout), decode(stderr)], [0, "started\n", ""]);
  } finally {
    Deno.removeSync(closed);
  }
});

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
