import { assert, assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { confFilePath, loadSettings } from "./load_settings.ts";

/** Settings as they are with these files in the configuration directory. */
function load(files: Record<string, string>, environment: Record<string, string> = {}) {
  const directory = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = `${directory}/${name}`;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(path, text);
    }
    return loadSettings({
      environment: { HOME: "/h", ENROOT_SYSCONF_PATH: directory, ...environment },
      ...(files["script"] === undefined ? {} : { script: `${directory}/script` }),
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("loadSettings() needs no file", () => {
  const settings = loadSettings({
    environment: { HOME: "/h", ENROOT_SYSCONF_PATH: "/nonexistent" },
  });
  assertEquals(settings.dataPath, "/h/.local/share/enroot");
  assertEquals(settings.loginShell, true);
  assertEquals(settings.maxConnections, 10);
  assertEquals(settings.connectTimeout, 30);
  assertEquals(settings.transferTimeout, Infinity);
  assert(settings.maxProcessors >= 1);
});

Deno.test("loadSettings() reads enroot.conf, then enroot.conf.d in name order", () => {
  const settings = load({
    "enroot.conf": "ENROOT_DATA_PATH /a\n",
    "enroot.conf.d/20-b.conf": "ENROOT_CACHE_PATH /late\n",
    "enroot.conf.d/10-a.conf": "ENROOT_CACHE_PATH /early\nENROOT_DATA_PATH /late\n",
    "enroot.conf.d/README": "ENROOT_TEMP_PATH /readme\n",
    "enroot.conf.d/.hidden.conf": "ENROOT_TEMP_PATH /hidden\n",
  });
  assertEquals(settings.dataPath, "/a");
  assertEquals(settings.cachePath, "/early");
  assertEquals(settings.tempPath, "/tmp");
});

Deno.test("loadSettings() reads the directives of a script", () => {
  const settings = load(
    { "enroot.conf": "ENROOT_REMAP_ROOT n", "script": "#ENROOT_REMAP_ROOT=y\necho\n" },
    { ENROOT_REMAP_ROOT: "n" },
  );
  assertEquals(settings.remapRoot, true);
  assertEquals(settings.variables.get("ENROOT_REMAP_ROOT"), "y");
});

Deno.test("loadSettings() leaves a script that is a pipe to the shell", () => {
  const environment = { HOME: "/h", ENROOT_SYSCONF_PATH: "/nonexistent" };
  assertEquals(loadSettings({ environment, script: "/dev/null" }).remapRoot, false);
});

Deno.test("loadSettings() names a script that does not exist", () => {
  const environment = { HOME: "/h", ENROOT_SYSCONF_PATH: "/nonexistent" };
  assertThrows(
    () => loadSettings({ environment, script: "/nonexistent/script" }),
    EnrootError,
    "No such file or directory: /nonexistent/script",
  );
});

Deno.test("loadSettings() takes 0 for no limit", () => {
  const { maxProcessors, maxConnections, connectTimeout } = load({}, {
    ENROOT_MAX_PROCESSORS: "0",
    ENROOT_MAX_CONNECTIONS: "0",
    ENROOT_CONNECT_TIMEOUT: "0",
  });
  assertEquals(maxProcessors, navigator.hardwareConcurrency);
  assertEquals(maxConnections, Infinity);
  assertEquals(connectTimeout, Infinity);
});

Deno.test("loadSettings() takes fractions of a second", () => {
  assertEquals(load({}, { ENROOT_CONNECT_TIMEOUT: "2.5" }).connectTimeout, 2.5);
});

Deno.test("loadSettings() takes a timeout that no timer can wait for as none", () => {
  for (const seconds of ["999999999", "4294968", "500001"]) {
    const { transferTimeout } = load({}, { ENROOT_TRANSFER_TIMEOUT: seconds });
    assertEquals(transferTimeout, Infinity, seconds);
  }
  assertEquals(load({}, { ENROOT_CONNECT_TIMEOUT: "500000" }).connectTimeout, 500_000);
});

for (const text of ["x", "-1", "1.5", "1e3", "0x10", "9".repeat(400), "１"]) {
  Deno.test(`loadSettings() refuses ${text.slice(0, 8)} processors`, () => {
    assertThrows(
      () => load({}, { ENROOT_MAX_PROCESSORS: text }),
      EnrootError,
      "Invalid argument: ENROOT_MAX_PROCESSORS=",
    );
  });
}

Deno.test("loadSettings() splits the squashfs options into words", () => {
  assertEquals(load({ "enroot.conf": "ENROOT_SQUASH_OPTIONS -comp  lzo -noD\n" }).squashOptions, [
    "-comp",
    "lzo",
    "-noD",
  ]);
});

Deno.test("loadSettings() makes relative paths absolute", () => {
  const settings = load({}, { ENROOT_DATA_PATH: "containers" });
  assertEquals(settings.dataPath, `${Deno.cwd()}/containers`);
  assertEquals(settings.variables.get("ENROOT_DATA_PATH"), settings.dataPath);
});

Deno.test("loadSettings() names a relative path where there is no working directory", () => {
  const before = Deno.cwd();
  Deno.chdir(Deno.makeTempDirSync());
  try {
    Deno.removeSync(Deno.cwd());
    assertThrows(
      () => load({}, { ENROOT_DATA_PATH: "containers" }),
      EnrootError,
      "Cannot resolve ENROOT_DATA_PATH=containers: no working directory",
    );
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("loadSettings() keeps the variables of hooks and registries", () => {
  const { variables } = load({ "enroot.conf": "https_proxy http://p:1\nMELLANOX_X 1\n" }, {
    NVIDIA_VISIBLE_DEVICES: "all",
    PATH: "/bin",
  });
  assertEquals(variables.get("https_proxy"), "http://p:1");
  assertEquals(variables.get("MELLANOX_X"), "1");
  assertEquals(variables.get("NVIDIA_VISIBLE_DEVICES"), "all");
  assertEquals(variables.has("PATH"), false);
});

Deno.test("loadSettings() names a malformed file", () => {
  assertThrows(
    () => load({ "enroot.conf.d/a.conf": "ENROOT_X 'x\n" }),
    EnrootError,
    "/enroot.conf.d/a.conf: line 1: unterminated '",
  );
});

Deno.test("loadSettings() survives a configuration directory that is a file", () => {
  assertEquals(load({ "enroot.conf.d": "x" }).tempPath, "/tmp");
});

Deno.test("confFilePath() is in the directory that the environment names", () => {
  assertEquals(confFilePath({}), "/etc/enroot/enroot.conf");
  assertEquals(confFilePath({ ENROOT_SYSCONF_PATH: "/x" }), "/x/enroot.conf");
});
