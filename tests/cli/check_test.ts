import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { containerTest } from "../support/container.ts";
import { makeHome, programFiles, runEnroot, TEST_UID } from "../support/enroot.ts";

containerTest(
  "check prints a line for everything, and succeeds where containers start",
  async () => {
    const { code, stdout, stderr } = await runEnroot(["check"]);
    assertEquals([code, stderr], [0, ""], stdout);
    const lines = stdout.split("\n").slice(0, -1);
    assertEquals(lines.length, 12);
    for (const line of lines) {
      assertMatch(
        line,
        /^OK [^:]+( \(optional\))?$|^KO .+ \(optional\): .+$/,
      );
    }
    assertStringIncludes(stdout, "OK user namespaces\n");
  },
);

containerTest("check finds what is missing", async () => {
  const { code, stdout } = await runEnroot(["check"], { env: { PATH: "/nowhere" } });
  assertEquals(code, 0);
  assertStringIncludes(stdout, "KO bash, for configuration scripts (optional): not in PATH");
});

containerTest("check fails where user namespaces are used up", async () => {
  using home = makeHome();
  const { command, args, env } = programFiles();
  // A user namespace has limits of its own.
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"';
  const { code, stdout } = await new Deno.Command("unshare", {
    args: ["--user", "--map-root-user", "sh", "-c", script, "sh", command, ...args, "check"],
    env: { ...home.env, ...env },
    clearEnv: true,
    ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).output();
  assertEquals(code, 1);
  assertMatch(
    new TextDecoder().decode(stdout),
    /\nKO user namespaces: unshare: .*; sysctl -w user\.max_user_namespaces=15000\n/,
  );
});
