/** Directories that several users can write to, and what one of them may put there for another. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import {
  enrootCommand,
  makeHome,
  NEIGHBOUR_UID,
  runEnroot,
  TEST_UID,
  type TestHome,
} from "../support/enroot.ts";
import { writeLayout } from "../support/oci_layout.ts";
import { RegistryServer } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";
import { asNeighbour, twoUsersTest } from "../support/two_users.ts";
import { until } from "../support/until.ts";

const ENV = { ENROOT_ALLOW_HTTP: "y" };
const LAYER = tarArchive([{ path: "file", data: "x".repeat(200_000) }]);
const LAYER_DIGEST = `sha256:${createHash("sha256").update(LAYER).digest("hex")}`;

/** A directory in the home that everybody can reach, as the caller's. */
function sharedDirectory(home: TestHome, mode: number, uid = TEST_UID): string {
  const path = `${home.path}/shared`;
  Deno.mkdirSync(path);
  Deno.chmodSync(home.path, 0o755);
  Deno.chownSync(path, uid, uid);
  Deno.chmodSync(path, mode);
  return path;
}

/** A file that only the user may read. */
function secret(home: TestHome, uid = TEST_UID): string {
  const path = `${home.path}/key`;
  Deno.writeTextFileSync(path, "secret");
  Deno.chownSync(path, uid, uid);
  Deno.chmodSync(path, 0o600);
  return path;
}

function assertUntouched(path: string): void {
  assertEquals(Deno.readTextFileSync(path), "secret");
  assertEquals((Deno.statSync(path).mode ?? 0) & 0o7777, 0o600);
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

/** A registry that keeps the layer back until it is told. */
function waitingRegistry() {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const registry = new RegistryServer({
    fault: (request, answer) =>
      request.url.includes(LAYER_DIGEST) ? promise.then(answer) : undefined,
  });
  registry.push("a", "1", { layers: [{ bytes: LAYER }] });
  return { registry, release };
}

for (
  const { what, options } of [
    { what: "import", options: {} },
    { what: "import by the superuser", options: { asCaller: true } },
  ]
) {
  twoUsersTest(
    `${what} touches no file that another user puts in the place of its own`,
    async () => {
      using home = makeHome();
      using caller = makeHome(options);
      const directory = sharedDirectory(home, 0o777);
      const key = secret(home, options.asCaller === true ? 0 : TEST_UID);
      const { registry, release } = waitingRegistry();
      await using _registry = registry;
      const output = `${directory}/a.sqsh`;
      const args = ["import", "--output", output, `docker://${registry.address}/a:1`];
      const child = enrootCommand(args, { home: caller, env: ENV, ...options }).spawn();
      await until(() => names(directory).some((name) => name.startsWith(".enroot-image.")));
      await until(() => registry.requests.some(({ path }) => path.includes(LAYER_DIGEST)));
      const script =
        'cd "$1"; for file in .enroot-image.*; do rm -f "$file"; ln -s "$2" "$file"; done';
      await asNeighbour(script, [directory, key]);
      release();
      const { code, stderr } = await child.output();
      assertUntouched(key);
      assertEquals(code, 1);
      assertMatch(
        new TextDecoder().decode(stderr),
        /\[ERROR\] Cannot write .*\/a\.sqsh: another process has replaced the temporary file in .*\n$/,
      );
      assertEquals(names(directory), []);
    },
  );
}

/** Runs `load` of the image in a registry. @returns what it requested of the layer besides its result */
async function load(home: TestHome, name: string, env: Record<string, string>) {
  await using registry = new RegistryServer();
  registry.push("a", "1", { layers: [{ bytes: LAYER }] });
  const args = ["load", "-n", name, `docker://${registry.address}/a:1`];
  const result = await runEnroot(args, { home, env: { ...ENV, ...env }, timeout: 60_000 });
  const requests = registry.requests.filter(({ path }) => path.includes(LAYER_DIGEST)).length;
  return { ...result, requests };
}

/** As {@link asNeighbour}, with the test user's group. */
async function asColleague(script: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", ...args],
    uid: NEIGHBOUR_UID,
    gid: TEST_UID,
    cwd: "/",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

twoUsersTest("load writes to no file that others put into a shared cache", async () => {
  using home = makeHome();
  const cache = sharedDirectory(home, 0o2770);
  const key = secret(home);
  const plants = {
    "a symbolic link": 'ln -s "$2" "$1"',
    "a pipe": 'mkfifo -m 666 "$1"',
    "a file of theirs": 'echo x >"$1"; chmod 666 "$1"',
    "a directory": 'mkdir "$1"',
  };
  for (const suffix of ["", ".partial"]) {
    for (const [plant, script] of Object.entries(plants)) {
      await asColleague(script, [`${cache}/${LAYER_DIGEST}${suffix}`, key]);
      const { code, stderr } = await load(home, "box", {
        ENROOT_CACHE_PATH: cache,
        ENROOT_FORCE_OVERRIDE: "y",
      });
      assertEquals([code, plant], [0, plant], stderr);
      assertUntouched(key);
      assertEquals(Deno.statSync(`${home.data}/box/file`).size, 200_000);
      for (const name of names(cache)) Deno.removeSync(`${cache}/${name}`, { recursive: true });
    }
  }
});

twoUsersTest(
  "load does not write to a file of its user's that others link into the cache",
  async () => {
    using home = makeHome();
    const cache = sharedDirectory(home, 0o2770);
    const key = secret(home);
    // As anybody could who may write to where it is.
    Deno.linkSync(key, `${cache}/${LAYER_DIGEST}.partial`);
    const { code, stderr } = await load(home, "box", { ENROOT_CACHE_PATH: cache });
    assertEquals(code, 0, stderr);
    assertUntouched(key);
  },
);

twoUsersTest("a cache is shared within a group, and nothing in it believed", async () => {
  using home = makeHome();
  using colleague = makeHome({ uid: NEIGHBOUR_UID });
  const cache = sharedDirectory(home, 0o2770, NEIGHBOUR_UID);
  Deno.chownSync(cache, NEIGHBOUR_UID, TEST_UID);
  Deno.chmodSync(cache, 0o2770);
  const env = { ENROOT_CACHE_PATH: cache };
  assertEquals((await load(home, "first", env)).requests, 1);
  const blob = `${cache}/${LAYER_DIGEST}`;
  assertEquals((Deno.statSync(blob).mode ?? 0) & 0o7777, 0o640);
  Deno.chownSync(blob, NEIGHBOUR_UID, TEST_UID);
  const second = await load(home, "second", env);
  assertEquals([second.code, second.requests], [0, 0], second.stderr);

  await asColleague('chmod 660 "$1"; echo x | dd of="$1" conv=notrunc 2>/dev/null', [blob]);
  const third = await load(home, "third", env);
  assertEquals([third.code, third.requests], [0, 1], third.stderr);
  assertStringIncludes(third.stderr, "[WARN] Cached file does not match its digest");
  assertEquals(names(colleague.data.replace(/\/enroot$/, "")), []);
});

twoUsersTest("a cache that everybody can write to is used for one's own files only", async () => {
  using home = makeHome();
  const cache = sharedDirectory(home, 0o1777, 0);
  const env = { ENROOT_CACHE_PATH: cache };
  assertEquals((await load(home, "first", env)).requests, 1);
  assertEquals((await load(home, "second", env)).requests, 0);
  const blob = `${cache}/${LAYER_DIGEST}`;
  Deno.chownSync(blob, NEIGHBOUR_UID, NEIGHBOUR_UID);
  Deno.chmodSync(blob, 0o644);
  const { code, requests, stderr } = await load(home, "third", env);
  assertEquals([code, requests], [0, 1], stderr);
  assertStringIncludes(
    stderr,
    `[WARN] Fetching again what other users have put into ${cache}: everybody may write to it\n`,
  );
  assertEquals(names(cache).filter((name) => !name.startsWith("sha256:")), []);
  assertEquals(Deno.statSync(blob).uid, NEIGHBOUR_UID);
});

twoUsersTest(
  "directories that belong to another user, or that everybody may change, are refused",
  async () => {
    using home = makeHome();
    writeLayout(`${home.path}/image`, [{ architecture: "amd64", layers: [{ tar: LAYER }] }]);
    const directory = sharedDirectory(home, 0o755, NEIGHBOUR_UID);
    const run = async (args: string[], setting: string) => {
      const env = { ...ENV, [setting]: directory };
      const { code, stderr } = await runEnroot(args, { home, env });
      assertEquals(code, 1);
      return stderr.replace(/^\[INFO\].*\n/gm, "");
    };
    Deno.mkdirSync(`${directory}/box`);
    const image = `${home.path}/image.sqsh`;
    const made = await runEnroot(["import", "-a", "amd64", "-o", image, "oci:image"], { home });
    assertEquals(made.code, 0, made.stderr);
    const commands: [string, string[]][] = [
      ["ENROOT_DATA_PATH", ["start", "box", "true"]],
      ["ENROOT_DATA_PATH", ["create", "-n", "new", image]],
      ["ENROOT_DATA_PATH", ["load", "-a", "amd64", "-n", "new", "oci:image"]],
      ["ENROOT_CACHE_PATH", ["import", "-o", "x.sqsh", "docker://127.0.0.1:1/a"]],
      ["ENROOT_CACHE_PATH", ["digest", `docker://127.0.0.1:1/a@${LAYER_DIGEST}`]],
    ];
    for (const mode of [0o755, 0o775, 0o777, 0o1777]) {
      Deno.chmodSync(directory, mode);
      for (const [setting, args] of commands) {
        assertEquals(
          await run(args, setting),
          `[ERROR] Cannot use directory ${directory}: it belongs to uid ${NEIGHBOUR_UID}; ` +
            `set ${setting} to a directory of your own\n`,
        );
      }
    }
    for (const owner of [TEST_UID, 0]) {
      Deno.chownSync(directory, owner, owner);
      Deno.chmodSync(directory, 0o777);
      for (const [setting, args] of commands) {
        assertEquals(
          await run(args, setting),
          `[ERROR] Cannot use directory ${directory}: everybody may replace files in it; ` +
            `forbid that (chmod o-w or +t) or set ${setting} to another directory\n`,
        );
      }
    }
    assertEquals(names(directory), ["box"]);
  },
);

twoUsersTest(
  "start refuses another user's container in a directory that everybody can write to",
  async () => {
    using home = makeHome();
    const data = sharedDirectory(home, 0o1777, 0);
    const planted = ['mkdir "$1/box"', 'ln -s / "$1/box"'];
    for (const script of planted) {
      await asNeighbour(script, [data]);
      const { code, stderr } = await runEnroot(["start", "box", "true"], {
        home,
        env: { ENROOT_DATA_PATH: data },
      });
      assertEquals([code, stderr], [
        1,
        `[ERROR] Cannot use ${data}/box: it belongs to uid ${NEIGHBOUR_UID}, ` +
        `and everybody may write to ${data}\n`,
      ]);
      await asNeighbour('rm -r "$1/box"', [data]);
    }
    // A twin that is allowed.
    const made = await load(home, "box", { ENROOT_DATA_PATH: data });
    assertEquals(made.code, 0, made.stderr);
    const shown = await runEnroot(["start", "--dry-run", "box", "true"], {
      home,
      env: { ENROOT_DATA_PATH: data },
    });
    assertEquals(shown.code, 0, shown.stderr);
  },
);
