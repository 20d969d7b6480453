import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { enrootCommand, makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { importHostImage, makeContainer, pushHostImage } from "../support/host_container.ts";
import { RegistryServer } from "../support/registry.ts";
import { requiring } from "../support/requires.ts";

const HTTP = { ENROOT_ALLOW_HTTP: "y" };

/** A test that starts containers. */
function containerTest(name: string, test: (home: TestHome) => Promise<void>): void {
  Deno.test({
    ...requiring({ userNamespaces: true }, name),
    async fn() {
      using home = makeHome();
      await makeContainer(home, "box");
      await test(home);
    },
  });
}

async function inBox(home: TestHome, command: string, options: string[] = []): Promise<string> {
  const run = await runEnroot(["start", ...options, "box", "sh", "-c", command], { home });
  assertEquals([run.code, run.stderr], [0, ""]);
  return run.stdout;
}

Deno.test("import names the image after the reference and logs to standard error only", async () => {
  using home = makeHome();
  await using registry = new RegistryServer();
  pushHostImage(registry, "some/tool", "1.0");
  const args = ["import", `docker://${registry.address}/some/tool:1.0`];
  const { code, stdout, stderr } = await runEnroot(args, { home, env: HTTP });
  assertEquals([code, stdout], [0, ""]);
  assert(stderr.split("\n").slice(0, -1).every((line) => line.startsWith("[INFO] ")), stderr);
  assert(Deno.statSync(`${home.path}/some+tool+1.0.sqsh`).size > 0);
});

Deno.test("import of what is not there leaves one line and no file behind", async () => {
  using home = makeHome();
  await using registry = new RegistryServer();
  const args = ["import", `docker://${registry.address}/nowhere:1.0`];
  const { code, stderr } = await runEnroot(args, { home, env: { ...HTTP } });
  assertEquals(code, 1);
  const errors = stderr.split("\n").filter((line) => line.startsWith("[ERROR]"));
  assertEquals(errors.length, 1);
  assertMatch(errors[0] ?? "", /URL http:\S+ returned error code: 404 Not Found/);
  assertEquals([...Deno.readDirSync(home.path)].filter((entry) => entry.isFile), []);
});

Deno.test("import, create, list and remove go together", async () => {
  using home = makeHome();
  await importHostImage(home, `${home.path}/box.sqsh`);
  assertEquals((await runEnroot(["create", "box.sqsh"], { home })).code, 0);
  assertEquals((await runEnroot(["list"], { home })).stdout, "box\n");
  const again = await runEnroot(["create", "box.sqsh"], { home });
  assertEquals(again.code, 1);
  assertStringIncludes(again.stderr, `[ERROR] File already exists: ${home.data}/box\n`);
  assertEquals((await runEnroot(["create", "--force", "box.sqsh"], { home })).code, 0);
  const unnamed = await runEnroot(["create", "--name", "a/b", "box.sqsh"], { home });
  assertEquals([unnamed.code, unnamed.stderr], [1, "[ERROR] Invalid argument: a/b\n"]);
  await runEnroot(["remove", "box"], { home, stdin: "n\n" });
  assertEquals((await runEnroot(["list"], { home })).stdout, "box\n");
  assertEquals((await runEnroot(["remove", "-f", "box"], { home })).code, 0);
  assertEquals((await runEnroot(["list"], { home })).stdout, "");
});

for (
  const [args, message] of [
    [["create", "nowhere.sqsh"], "No such file or directory: "],
    [["create", "box.sqsh"], "Invalid image format: "],
    [["start", "nowhere"], "No such file or directory: "],
    [["start", "a/b"], "Invalid argument: a/b"],
    [["remove", "--force", "nowhere"], "No such file or directory: "],
    [["exec", "x", "true"], "No such file or directory: "],
    [["import", "nonsense"], "Invalid image reference: nonsense"],
  ] as const
) {
  Deno.test(`enroot ${args.join(" ")} ends with one clear line`, async () => {
    using home = makeHome();
    Deno.writeTextFileSync(`${home.path}/box.sqsh`, "hsqs");
    const { code, stdout, stderr } = await runEnroot([...args], { home });
    assertEquals([code, stdout], [1, ""]);
    assert(stderr.startsWith(`[ERROR] ${message}`), stderr);
    assertEquals(stderr.split("\n").length, 2);
  });
}

containerTest("start runs the image's command in its directory and environment", async (home) => {
  const { code, stdout, stderr } = await runEnroot(["start", "box"], { home });
  assertEquals([code, stdout, stderr], [0, "Hello from inside the image!\n", ""]);
  const env = { SECRET: "host" };
  const args = ["start", "box", "sh", "-c", "id -u; pwd; echo $GREETING $SECRET"];
  assertEquals((await runEnroot(args, { home, env })).stdout, `${TEST_UID}\n/srv\nhello\n`);
});

containerTest("start exits with the command's code and dies of its signal", async (home) => {
  assertEquals((await runEnroot(["start", "box", "sh", "-c", "exit 37"], { home })).code, 37);
  const killed = await runEnroot(["start", "box", "sh", "-c", "kill -TERM $$"], { home });
  assertEquals(killed.signal, "SIGTERM");
  assertEquals((await runEnroot(["start", "box", "nonsense"], { home })).code, 127);
});

containerTest("start keeps its PID", async (home) => {
  const child = enrootCommand(["start", "box", "sh", "-c", "echo $$"], { home }).spawn();
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), `${child.pid}\n`);
});

containerTest("start mounts the root read-only unless told otherwise", async (home) => {
  const probe = "touch /etc/new 2>/dev/null && echo writable || echo read-only";
  assertEquals(await inBox(home, probe), "read-only\n");
  assertEquals(await inBox(home, probe, ["--rw"]), "writable\n");
  assertEquals(Deno.statSync(`${home.data}/box/etc/new`).uid, TEST_UID);
  using configured = makeHome();
  await makeContainer(configured, "box");
  Deno.writeTextFileSync(`${configured.sysconf}/enroot.conf`, "ENROOT_ROOTFS_WRITABLE yes\n");
  assertEquals(await inBox(configured, probe), "writable\n");
});

containerTest("start appears as root if asked to, and files belong to the caller", async (home) => {
  const command = "id -u; touch /srv/new; chown 7:7 /srv/new; stat -c %u /srv/new";
  assertEquals(await inBox(home, command, ["--root", "--rw"]), "0\n0\n");
  assertEquals(Deno.statSync(`${home.data}/box/srv/new`).uid, TEST_UID);
});

containerTest("start passes variables and mounts on", async (home) => {
  Deno.writeTextFileSync(`${home.path}/host file`, "of the host\n");
  const options = ["--env", "A=1 2", "-e", "B", "--mount", `${home.path}/host\\040file:/tmp/data`];
  const args = ["start", ...options, "box", "sh", "-c", 'echo "$A|$B|$C"; cat /tmp/data'];
  const { stdout } = await runEnroot(args, { home, env: { B: "b", C: "c" } });
  assertEquals(stdout, "1 2|b|\nof the host\n");
});

containerTest("import, create and start need no program in PATH", async (home) => {
  // The name service is asked for users that are not in /etc/passwd; without getent there are none.
  const { code, stdout } = await runEnroot(["start", "box", "/bin/sh", "-c", "echo up"], {
    home,
    env: { PATH: "/nonexistent" },
  });
  assertEquals([code, stdout], [0, "up\n"]);
});
