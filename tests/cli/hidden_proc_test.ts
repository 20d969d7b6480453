/** Hosts whose proc(5) shows less. */
import { assertEquals, assertMatch } from "@std/assert";
import { containerTest, sharedContainerHome } from "../support/container.ts";
import { programFiles, TEST_UID } from "../support/enroot.ts";
import { type Needs, requires } from "../support/requires.ts";

const box = sharedContainerHome();

const SCRIPT = `
set -e
"$@" start box sh -c "echo plain"
"$@" start --pid box sh -c "echo pid"
"$@" start box sleep 5 & sleep 1
"$@" list --fancy
"$@" exec $! sh -c "echo entered"
"$@" exec box sh -c "echo by name"
kill $!`;

const NEEDS: Needs = { root: true, programs: ["unshare", "setpriv", "mount"] };

/** Linux before 5.8 has no subset=pid. */
function obstacle(option: string): string | undefined {
  if (requires(NEEDS) !== undefined) return undefined; // Said anyway.
  const mount = ["mount", "-t", "proc", "-o", option, "proc", "/proc"];
  const { success } = new Deno.Command("unshare", {
    args: ["--mount", "--pid", "--fork", ...mount],
    stderr: "null",
  }).outputSync();
  return success ? undefined : `proc(5) knows no ${option}`;
}

for (const option of ["subset=pid", "hidepid=2"]) {
  const name = `containers start and are found where /proc is mounted with ${option}`;
  containerTest(name, async () => {
    const home = await box();
    const { command, args, env } = programFiles();
    const mount = `mount -t proc -o ${option} proc /proc`;
    const change = `setpriv --reuid ${TEST_UID} --regid ${TEST_UID} --clear-groups`;
    const { stdout, stderr } = await new Deno.Command("timeout", {
      args: ["60", "unshare", "--mount", "--pid", "--fork", "sh", "-c"]
        .concat(`${mount}; exec ${change} sh -c '${SCRIPT}' sh "$@"`)
        .concat("sh", command, ...args),
      env: { ...home.env, ...env },
      clearEnv: true,
      cwd: home.path,
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assertEquals(decode(stderr), "");
    assertMatch(
      decode(stdout),
      /^plain\npid\nNAME .*\nbox +\d+ +sleep .*\nentered\nby name\n$/,
    );
  }, { ...NEEDS, other: obstacle(option) });
}
