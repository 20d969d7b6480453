import { assert, assertEquals } from "@std/assert";

const COMMON = new URL("../conf/common.sh", import.meta.url).pathname;

/** Permission bits mean nothing to root. */
const unprivileged = Deno.uid() === 0
  ? ["setpriv", "--reuid", "1001", "--regid", "1001", "--clear-groups"]
  : [];

/** Runs a script that sources common.sh, as hooks do. */
async function run(
  script: string,
  environment: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["bash", "-c", `set -euo pipefail; source "$0"; source "$0"; ${script}`, COMMON];
  const output = await new Deno.Command("env", {
    args: unprivileged.concat(command),
    env: environment,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

async function withDirectory(action: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  await Deno.chmod(directory, 0o777);
  try {
    await action(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("common.sh logs plainly where there is no terminal", async () => {
  assertEquals(
    await run(
      'common::log INFO one; common::log WARN two NL; common::log; printf "a\\nb" | common::log ERROR -',
    ),
    { code: 0, stdout: "", stderr: "[INFO] one\n[WARN] two\n[ERROR] a\n[ERROR] b\n" },
  );
  assertEquals(
    (await run('common::fmt red text; echo "${TTY_OFF+-q}${TTY_ON+-v}"')).stdout,
    "text-q\n",
  );
});

Deno.test("common::err and common::checkcmd end the script", async () => {
  const failed = { code: 1, stdout: "" };
  assertEquals(await run("common::err bad; echo on"), { ...failed, stderr: "[ERROR] bad\n" });
  assertEquals(await run("common::checkcmd sh no-such-command; echo on"), {
    ...failed,
    stderr: "[ERROR] Command not found: no-such-command\n",
  });
  assertEquals((await run("common::checkcmd sh cat; echo on")).stdout, "on\n");
});

Deno.test("common.sh resolves paths and mount points", async () => {
  await withDirectory(async (directory) => {
    await Deno.symlink("/proc/self", `${directory}/link`);
    const paths = await run(
      `cd '${directory}'; common::realpath link/../version; echo; common::realpath new; echo;` +
        "common::mountpoint /proc/version; echo; common::mountpoint /",
    );
    assertEquals(paths.stdout, `/proc/version\n${directory}/new\n/proc\n/`);
  });
  const missing = await run("path=$(common::realpath /no/such/path); echo on");
  assertEquals(missing.stderr, "[ERROR] No such file or directory: /no/such/path\n");
  assertEquals([missing.code, missing.stdout], [1, ""]);
  assertEquals((await run("common::chdir /no/such")).code, 1);
});

Deno.test("common::envsubst and common::envfmt treat environment files", async () => {
  await withDirectory(async (directory) => {
    const file = `${directory}/environment`;
    await Deno.writeTextFile(
      file,
      '# x\n  A=${X}&${NONE}\\1$X\nENROOT_X=1\nB="b c" \nC=\'d\nbad\n',
    );
    const { stdout } = await run(
      `common::envsubst '${file}' > '${file}~'; common::envfmt '${file}~'; cat '${file}~';` +
        "common::envsubst /no/such/file",
      { X: "1&2" },
    );
    assertEquals(stdout, "A=1&2&\\1$X\nB=b c\nC='d\n");
  });
});

Deno.test("common::runparts lists and runs in order, and stops at a failure", async () => {
  await withDirectory(async (directory) => {
    const part = async (name: string, body: string, mode: number) => {
      await Deno.writeTextFile(`${directory}/${name}`, `#!/bin/sh\n${body}\n`);
      await Deno.chmod(`${directory}/${name}`, mode);
    };
    await part("20-b.sh", "echo b; exit 3", 0o755);
    await part("10-a.sh", "echo a", 0o755);
    await part("30-c.sh", "echo c", 0o755);
    await part("15-x.sh", "echo x", 0o644);
    await part("16-y.txt", "echo y", 0o755);
    const listed = await run(`common::runparts list .sh '${directory}'`);
    assertEquals(
      listed.stdout.trim().split("\n").map((path) => path.slice(directory.length + 1)),
      ["10-a.sh", "15-x.sh", "20-b.sh", "30-c.sh"],
    );
    const executed = await run(`common::runparts exec .sh '${directory}'; echo on`);
    assertEquals([executed.code, executed.stdout], [1, "a\nb\n"]);
    assertEquals(
      executed.stderr,
      `[ERROR] ${directory}/20-b.sh exited with return code 3\n`,
    );
    assertEquals(await run(`common::runparts list .none '${directory}'`), {
      code: 0,
      stdout: "",
      stderr: "",
    });
  });
});

Deno.test("common::rmall removes what forbids it, common::mktmpdir makes private directories", async () => {
  await withDirectory(async (directory) => {
    const { stdout } = await run(
      'd=$(common::mktmpdir x); mkdir -p "$d/a/b"; chmod 000 "$d/a"; stat -c %a "$d";' +
        'common::fixperms "$d"; touch "$d/a/f"; chmod 500 "$d/a"; common::rmall "$d"; ls "$ENROOT_TEMP_PATH"',
      { ENROOT_TEMP_PATH: directory },
    );
    assertEquals(stdout, "700\n");
  });
});

Deno.test("common::read and common::readstrarray work under set -e", async () => {
  const { code, stdout } = await run(
    'printf last | { common::read -r line; echo "$line"; };' +
      "common::readstrarray lines $'a b\\nc'; echo \"${#lines[@]} ${lines[0]}\"; common::readstrarray none ''",
  );
  assertEquals([code, stdout], [0, "last\n2 a b\n"]);
});

Deno.test("common::getpwent and common::getgrent ask for the caller", async () => {
  const { stdout } = await run("common::getpwent; common::getgrent");
  assert(/^[^:]+:[^:]*:\d+:/.test(stdout), stdout);
  assertEquals(stdout.trim().split("\n").length, 2);
});
