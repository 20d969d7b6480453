/** Containers inside a container. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ContainerHome, containerTest, sharedContainerHome } from "../support/container.ts";
import { programFiles, TEST_UID } from "../support/enroot.ts";

// Runs alone: list --fancy shows every container of a user.

/** None of the tests changes it for good. */
const box = sharedContainerHome();

/** Runs a shell script in a container in which `$enroot` is the program, with the same containers. */
async function nested(home: ContainerHome, script: string, options: string[] = []) {
  const { command, args, env, directories } = programFiles();
  const mounts = ["/usr", "/lib", "/lib64"].filter(exists)
    .map((path) => `${path}:${path}:none:rbind,ro,x-create=dir`);
  const variables = { ...home.env, ...env, enroot: [command, ...args].join(" ") };
  const { code, stdout, stderr } = await home.enroot([
    "start",
    ...options,
    ...[...mounts, home.path, ...directories].flatMap((mount) => ["--mount", mount]),
    // What is reserved for settings does not pass: they are set inside.
    ...Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...["box", "/usr/bin/sh", "-c", script],
  ]);
  return { code, stdout, stderr };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

const SHOW = "'id -u; pwd; cat /proc/self/uid_map; touch /tmp/x; chown 3:3 /tmp/x && echo chown'";

containerTest("a container starts inside a container", async () => {
  const home = await box();
  const { code, stdout, stderr } = await nested(
    home,
    `$enroot start box sh -c ${SHOW}; $enroot start --root box sh -c ${SHOW}; exit $?`,
  );
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.replace(/ +/g, " ").split("\n"), [
    ...[String(TEST_UID), "/srv", ` ${TEST_UID} ${TEST_UID} 1`, "chown"],
    ...["0", "/srv", ` 0 ${TEST_UID} 1`, "chown", ""],
  ]);
});

containerTest("an image starts inside a container, with namespaces of its own", async () => {
  const home = await box();
  const { code, stdout, stderr } = await nested(
    home,
    `cd $HOME; $enroot start --pid --net --ipc --uts box.sqsh sh -c 'echo $$; cat /etc/motd; exit 7'`,
  );
  assertEquals({ code, stdout, stderr }, {
    code: 7,
    stdout: "1\nHello from inside the image!\n",
    stderr: "",
  });
}, { fuse: true });

containerTest("list and exec work inside a container", async () => {
  const home = await box();
  const { code, stdout, stderr } = await nested(
    home,
    `cd $HOME; $enroot start box.sqsh sh -c 'echo up; exec sleep 60' > up & started=$!
     for i in $(seq 600); do grep -qs up up && break; kill -0 $started || exit; sleep 0.1; done
     $enroot list --fancy; $enroot exec box.sqsh cat /etc/motd; $enroot exec $$ pwd
     kill $started`,
  );
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assertMatch(lines[0] ?? "", /^NAME /);
  assertMatch(lines[1] ?? "", /^\/.*\/box\.sqsh +\d+ +sleep /);
  // The container that this happens in runs, too.
  const own = lines.findIndex((line) => /^box +\d+ +sh /.test(line));
  assert(own > 1, stdout);
  assertEquals(lines.slice(-3), ["Hello from inside the image!", home.path, ""]);
}, { fuse: true });

containerTest("a container starts inside a container of a remapped root", async () => {
  const home = await box();
  const { code, stdout, stderr } = await nested(
    home,
    "$enroot start box sh -c 'id -u; cat /proc/self/uid_map'",
    ["--root"],
  );
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout.replace(/ +/g, " "), "0\n 0 0 1\n");
});
