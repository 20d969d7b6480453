import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";

/** The settings that `enroot info` prints. */
async function settings(
  home: TestHome,
  env: Record<string, string | undefined> = {},
): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await runEnroot(["info"], { home, env });
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.split("\n").filter((line) => line.startsWith("  ENROOT_"));
  return Object.fromEntries(lines.map((line) => {
    const equals = line.indexOf("=");
    return [line.slice(2, equals), line.slice(equals + 1)];
  }));
}

function configure(home: TestHome, text: string, name = "enroot.conf"): void {
  const path = `${home.sysconf}/${name}`;
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(path, text);
}

Deno.test("enroot info prints version, configuration file and sorted settings", async () => {
  using home = makeHome();
  const { code, stdout, stderr } = await runEnroot(["info"], { home });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^Enroot version: \d+\.\d+\.\d+\nConfig file: \/.*\/enroot\.conf\n\n/);
  assert(stdout.includes(`Config file: ${home.sysconf}/enroot.conf\n`));
  const [head = "", list = ""] = stdout.split("\n\nEnvironment variables:\n");
  assertEquals(head.split("\n").length, 2);
  const names = list.trimEnd().split("\n").map((line) => line.split("=")[0] ?? "");
  assertEquals(names, [...names].sort());
  assert(names.every((name) => name.startsWith("  ENROOT_")));
  assert(list.includes(`  ENROOT_DATA_PATH=${home.data}\n`));
});

Deno.test("the environment wins over enroot.conf, and that over enroot.conf.d", async () => {
  using home = makeHome();
  configure(home, "ENROOT_CONNECT_TIMEOUT 11\nENROOT_MAX_CONNECTIONS=12\n");
  configure(
    home,
    "ENROOT_MAX_CONNECTIONS 13\nENROOT_TRANSFER_RETRIES 14\n",
    "enroot.conf.d/a.conf",
  );
  const found = await settings(home, { ENROOT_CONNECT_TIMEOUT: "10" });
  assertEquals(found["ENROOT_CONNECT_TIMEOUT"], "10");
  assertEquals(found["ENROOT_MAX_CONNECTIONS"], "12");
  assertEquals(found["ENROOT_TRANSFER_RETRIES"], "14");
});

Deno.test("a no in the environment wins over a yes in a file", async () => {
  using home = makeHome();
  configure(home, "ENROOT_REMAP_ROOT yes\nENROOT_MOUNT_HOME yes\n");
  const found = await settings(home, { ENROOT_REMAP_ROOT: "n", ENROOT_LOGIN_SHELL: "no" });
  assertEquals(found["ENROOT_REMAP_ROOT"], undefined);
  assertEquals(found["ENROOT_LOGIN_SHELL"], undefined);
  assertEquals(found["ENROOT_MOUNT_HOME"], "yes");
});

Deno.test("values of enroot.conf are expanded", async () => {
  using home = makeHome();
  configure(
    home,
    "ENROOT_RUNTIME_PATH /run/enroot/user-$(id -u)\nENROOT_CACHE_PATH ${NOWHERE:-~}/c\n" +
      "ENROOT_TEMP_PATH $(echo /t; echo m)\nENROOT_DATA_PATH ${XDG_DATA_HOME}/$UID\n",
  );
  const found = await settings(home);
  assertEquals(found["ENROOT_RUNTIME_PATH"], `/run/enroot/user-${TEST_UID}`);
  assertEquals(found["ENROOT_CACHE_PATH"], `${home.path}/c`);
  assertEquals(found["ENROOT_TEMP_PATH"], "/t m");
  assertEquals(found["ENROOT_DATA_PATH"], `${home.path}/data/${TEST_UID}`);
});

Deno.test("a malformed configuration file is named", async () => {
  using home = makeHome();
  configure(home, 'ENROOT_DATA_PATH /x\nENROOT_TEMP_PATH "/y\n');
  const { code, stdout, stderr } = await runEnroot(["info"], { home });
  assertEquals([code, stdout], [1, ""]);
  assertEquals(
    stderr,
    `[ERROR] Invalid configuration file: ${home.sysconf}/enroot.conf: line 2: unterminated "\n`,
  );
});

Deno.test("a setting that makes no sense is named", async () => {
  const { code, stdout, stderr } = await runEnroot(["info"], {
    env: { ENROOT_MAX_PROCESSORS: "x" },
  });
  assertEquals([code, stdout], [1, ""]);
  assertEquals(stderr, "[ERROR] Invalid argument: ENROOT_MAX_PROCESSORS=x\n");
});

Deno.test("settings do not need HOME, XDG directories or PATH", async () => {
  using home = makeHome();
  const found = await settings(home, {
    HOME: undefined,
    PATH: undefined,
    TMPDIR: undefined,
    XDG_RUNTIME_DIR: undefined,
    XDG_CONFIG_HOME: undefined,
    XDG_CACHE_HOME: undefined,
    XDG_DATA_HOME: undefined,
  });
  assertEquals(found["ENROOT_RUNTIME_PATH"], "/run/enroot");
  assertEquals(found["ENROOT_TEMP_PATH"], "/tmp");
  assertMatch(found["ENROOT_DATA_PATH"] ?? "", /^\/.*\.local\/share\/enroot$/);
});

Deno.test("odd environment values do no harm", async () => {
  using home = makeHome();
  const found = await settings(home, {
    LINES: "two\nlines",
    EMPTY: "",
    ENROOT_ODD: "$(touch x) `y` 'z",
    ENROOT_LONG: "x".repeat(100_000),
    "WITH SPACE": "1",
    "é": "ü",
  });
  assertEquals(found["ENROOT_ODD"], "$(touch x) `y` 'z");
  assertEquals(found["ENROOT_LONG"]?.length, 100_000);
});

Deno.test("a failure prints one line, and its origin only with ENROOT_DEBUG", async () => {
  const plain = await runEnroot(["info"], { env: { ENROOT_MAX_PROCESSORS: "x" } });
  assertEquals(plain.stderr.split("\n").length, 2);
  const debug = await runEnroot(["info"], {
    env: { ENROOT_MAX_PROCESSORS: "x", ENROOT_DEBUG: "1" },
  });
  assertEquals(debug.code, 1);
  assert(debug.stderr.startsWith(plain.stderr));
  assertMatch(debug.stderr, /\n\s+at /);
});

Deno.test("enroot.conf may name what bash knows by itself, and cut it to size", async () => {
  using home = makeHome();
  configure(
    home,
    "ENROOT_DATA_PATH /scratch/${HOSTNAME%%.*}/user-$UID\n" +
      "ENROOT_CACHE_PATH /scratch/$(echo $HOSTNAME)/${GROUPS}/${HOSTNAME:0:1}\n",
  );
  const host = Deno.hostname();
  const found = await settings(home, { HOSTNAME: undefined, UID: undefined, GROUPS: undefined });
  const [node = ""] = host.split(".");
  assertEquals(found["ENROOT_DATA_PATH"], `/scratch/${node}/user-${TEST_UID}`);
  assertMatch(found["ENROOT_CACHE_PATH"] ?? "", new RegExp(`^/scratch/${host}/\\d+/${host[0]}$`));
});

Deno.test("a variable that nothing sets is an error that names it, the file and the line", async () => {
  using home = makeHome();
  configure(home, "# Site\nENROOT_DATA_PATH /scratch/$SCRATCH_OF_SITE/enroot\n");
  const { code, stdout, stderr } = await runEnroot(["list"], { home });
  assertEquals([code, stdout], [1, ""]);
  assertEquals(
    stderr,
    `[ERROR] Cannot expand ENROOT_DATA_PATH in ${home.sysconf}/enroot.conf: line 2: ` +
      "SCRATCH_OF_SITE: unbound variable\n",
  );
  const env = { SCRATCH_OF_SITE: "a b" };
  assertEquals((await settings(home, env))["ENROOT_DATA_PATH"], "/scratch/a b/enroot");
});
