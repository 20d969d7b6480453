/** What becomes of a container when the program that started it is upgraded or removed. */
import { assertEquals } from "@std/assert";
import { NEIGHBOUR_UID, programFiles, TEST_UID } from "../support/enroot.ts";
import { sharedContainerHome } from "../support/container.ts";
import { untilReleased } from "../support/fuse.ts";
import type { Needs } from "../support/requires.ts";
import { makeTemporaryDirectory } from "../support/temp.ts";
import { asNeighbour, twoUsersTest } from "../support/two_users.ts";

const box = sharedContainerHome();
const isCompiled = Deno.env.get("ENROOT_TEST_BINARY") !== undefined;
const NEEDS: Needs = {
  userNamespaces: true,
  fuse: true,
  other: isCompiled ? undefined : "only the executable forks",
};

/** Each way to take a program away, as a script of its owner; its path is `$1`. */
const REMOVALS = {
  replaced: `printf '#!/bin/sh\\nexit 3\\n' > "$1.new" && chmod 755 "$1.new" && mv "$1.new" "$1"`,
  deleted: `rm "$1"`,
};
/** Reads what was not read before, when the server has long been to take over from the first one. */
const READ = "echo up; sleep 1.5; ls -lR /etc > /dev/null && cat /bin/* > /dev/null && echo read";

/** Starts an image by a copy of the program, which goes as soon as the container runs. */
async function readWithout(how: keyof typeof REMOVALS, directory: string): Promise<void> {
  const home = await box();
  const copy = `${directory}/enroot`;
  Deno.copyFileSync(programFiles().command, copy);
  const child = new Deno.Command(copy, {
    args: ["start", "box.sqsh", "sh", "-c", READ],
    env: home.env,
    clearEnv: true,
    cwd: home.path,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    uid: TEST_UID,
    gid: TEST_UID,
  }).spawn();
  const killer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  await asNeighbour(REMOVALS[how], [copy]);
  // The runtime may complain when the program goes at the very moment that it is executed.
  const { code, stdout } = await child.output();
  clearTimeout(killer);
  assertEquals({ code, stdout: new TextDecoder().decode(stdout) }, { code: 0, stdout: "read\n" });
  await untilReleased(`${home.path}/box.sqsh`);
}

for (const how of ["replaced", "deleted"] as const) {
  const name = `a started image can be read after the program's owner has ${how} the program`;
  twoUsersTest(name, async () => {
    using directory = makeTemporaryDirectory({ prefix: "enroot-test-" });
    Deno.chmodSync(directory.path, 0o755);
    Deno.chownSync(directory.path, NEIGHBOUR_UID, NEIGHBOUR_UID);
    for (let times = 0; times < 5; times++) await readWithout(how, directory.path);
  }, NEEDS);
}
