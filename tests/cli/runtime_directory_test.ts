import { assertEquals, assertMatch } from "@std/assert";
import { makeHome, NEIGHBOUR_UID, runEnroot, TEST_UID } from "../support/enroot.ts";
import { makeContainer } from "../support/host_container.ts";
import { type Needs, requiring } from "../support/requires.ts";
import { asNeighbour, twoUsersTest } from "../support/two_users.ts";

const NEEDS: Needs = { userNamespaces: true, other: existingDirectory() };

/** An environment in which only the temporary directory is left to work in. */
const CLOSED_RUN = { XDG_RUNTIME_DIR: undefined };

Deno.test({
  ...requiring(NEEDS, "start uses a private directory where there is no XDG_RUNTIME_DIR"),
  async fn() {
    using home = makeHome();
    await makeContainer(home, "box");
    const { code, stdout, stderr } = await runEnroot(["start", "box", "sh", "-c", "echo up"], {
      home,
      env: CLOSED_RUN,
    });
    assertEquals([code, stdout, stderr], [0, "up\n", ""]);
    const { isDirectory, mode } = Deno.statSync(`${home.env["TMPDIR"]}/enroot-${TEST_UID}`);
    assertEquals([isDirectory, (mode ?? 0) & 0o7777], [true, 0o700]);
  },
});

Deno.test({
  ...requiring(NEEDS, "start makes a directory of a random name where that one is not private"),
  async fn() {
    using home = makeHome();
    await makeContainer(home, "box");
    const temporary = home.env["TMPDIR"] ?? "";
    const squatted = `enroot-${TEST_UID}`;
    Deno.mkdirSync(`${temporary}/${squatted}`);
    for (let times = 0; times < 3; times++) {
      const { code, stdout, stderr } = await runEnroot(
        ["start", "box", "sh", "-c", "echo up"],
        { home, env: CLOSED_RUN },
      );
      assertEquals([code, stdout, stderr], [0, "up\n", ""]);
    }
    // One for all starts.
    const others = [...Deno.readDirSync(temporary)].map(({ name }) => name)
      .filter((name) => name !== squatted);
    assertEquals(others.length, 1);
    const [other = ""] = others;
    assertMatch(other, new RegExp(`^${squatted}\\..{6,}$`));
    const { uid, mode } = Deno.statSync(`${temporary}/${other}`);
    assertEquals([uid, (mode ?? 0) & 0o7777], [TEST_UID, 0o700]);
    assertEquals([...Deno.readDirSync(`${temporary}/${squatted}`)], []);
  },
});

twoUsersTest("start uses no private directory that another user has made", async () => {
  using home = makeHome();
  await makeContainer(home, "box");
  const shared = `${home.path}/shared`;
  Deno.mkdirSync(shared);
  Deno.chmodSync(shared, 0o1777);
  Deno.chmodSync(home.path, 0o755);
  const name = `enroot-${TEST_UID}`;
  await asNeighbour('cd "$1"; mkdir -m 777 $2; mkdir -m 700 $2.x; ln -s / $2.y', [shared, name]);
  const env = { ...CLOSED_RUN, TMPDIR: shared };
  const { code, stdout, stderr } = await runEnroot(["start", "box", "sh", "-c", "echo up"], {
    home,
    env,
  });
  assertEquals([code, stdout, stderr], [0, "up\n", ""]);
  const own = [...Deno.readDirSync(shared)].filter(({ name }) =>
    Deno.lstatSync(`${shared}/${name}`).uid === TEST_UID
  );
  assertEquals(own.length, 1);
}, NEEDS);

twoUsersTest("start passes over an XDG_RUNTIME_DIR that is another user's", async () => {
  using home = makeHome();
  using neighbour = makeHome({ uid: NEIGHBOUR_UID });
  await makeContainer(home, "box");
  Deno.chmodSync(neighbour.path, 0o755);
  const directory = neighbour.env["XDG_RUNTIME_DIR"] ?? "";
  Deno.chmodSync(directory, 0o777);
  const env = { XDG_RUNTIME_DIR: directory };
  const { code, stdout, stderr } = await runEnroot(["start", "box", "sh", "-c", "echo up"], {
    home,
    env,
  });
  assertEquals([code, stdout, stderr], [0, "up\n", ""]);
  assertEquals([...Deno.readDirSync(directory)], []);
  assertEquals([...Deno.readDirSync(home.env["TMPDIR"] ?? "")].length, 1);
}, NEEDS);

twoUsersTest(
  "a runtime directory that was asked for is refused when it is another user's",
  async () => {
    using home = makeHome();
    const directory = `${home.path}/runtime`;
    Deno.mkdirSync(directory);
    Deno.mkdirSync(`${home.data}/box`, { recursive: true });
    for (const path of [home.data, `${home.data}/box`]) Deno.chownSync(path, TEST_UID, TEST_UID);
    const dryRun = (uid: number) => {
      Deno.chownSync(directory, uid, uid);
      const env = { ENROOT_RUNTIME_PATH: directory };
      return runEnroot(["start", "--dry-run", "box", "true"], { home, env });
    };
    const { code, stderr } = await dryRun(NEIGHBOUR_UID);
    assertEquals([code, stderr], [
      1,
      `[ERROR] Cannot use directory ${directory}: it belongs to uid ${NEIGHBOUR_UID}; ` +
      "set ENROOT_RUNTIME_PATH to a directory of your own\n",
    ]);
    for (const uid of [TEST_UID, 0]) assertEquals((await dryRun(uid)).code, 0);
  },
);

/** Where root has made the directory for everybody, nobody needs one of his own. */
function existingDirectory(): string | undefined {
  try {
    Deno.statSync("/run/enroot");
    return "/run/enroot exists";
  } catch {
    return undefined;
  }
}
