import { assertEquals } from "@std/assert";
import { parseConfFile } from "./conf_file.ts";
import { resolveVariables } from "./precedence.ts";

interface Texts {
  files?: string[];
  environment?: Record<string, string>;
  script?: string;
  options?: Record<string, string>;
}

function resolve({ files = [], environment = {}, script = "", options = {} }: Texts) {
  return resolveVariables({
    files: files.map((text) => parseConfFile(text, "f")),
    environment: { HOME: "/h", ...environment },
    directives: parseConfFile(script, "s"),
    options,
  });
}

Deno.test("resolveVariables() starts from the defaults", () => {
  const variables = resolve({});
  assertEquals(variables.get("ENROOT_DATA_PATH"), "/h/.local/share/enroot");
  assertEquals(variables.get("ENROOT_RUNTIME_PATH"), "/run/enroot");
  assertEquals(variables.get("ENROOT_LOGIN_SHELL"), "yes");
  assertEquals(variables.has("ENROOT_REMAP_ROOT"), false);
});

Deno.test("resolveVariables() takes base directories from the environment", () => {
  const environment = { XDG_DATA_HOME: "/data", XDG_RUNTIME_DIR: "", TMPDIR: "/scratch" };
  const variables = resolve({ environment });
  assertEquals(variables.get("ENROOT_DATA_PATH"), "/data/enroot");
  assertEquals(variables.get("ENROOT_RUNTIME_PATH"), "/run/enroot");
  assertEquals(variables.get("ENROOT_TEMP_PATH"), "/scratch");
});

Deno.test("resolveVariables() lets the first file that sets a name win", () => {
  const variables = resolve({ files: ["ENROOT_X a\nENROOT_X b", "ENROOT_X c\nENROOT_Y d"] });
  assertEquals(variables.get("ENROOT_X"), "a");
  assertEquals(variables.get("ENROOT_Y"), "d");
});

Deno.test("resolveVariables() passes over a file that sets a name to nothing", () => {
  assertEquals(resolve({ files: ["ENROOT_X", "ENROOT_X c"] }).get("ENROOT_X"), "c");
});

Deno.test("resolveVariables() lets the environment win over files", () => {
  const files = ["ENROOT_X file\nENROOT_Y file"];
  const variables = resolve({ files, environment: { ENROOT_X: "env", ENROOT_Y: "" } });
  assertEquals(variables.get("ENROOT_X"), "env");
  assertEquals(variables.get("ENROOT_Y"), "file");
});

for (const no of ["n", "no", "N", "NO", "No", "f", "false", "False", "F", "FALSE"]) {
  Deno.test(`resolveVariables() lets ${no} in the environment win over a yes in a file`, () => {
    const environment = { ENROOT_REMAP_ROOT: no, ENROOT_LOGIN_SHELL: no };
    const variables = resolve({ files: ["ENROOT_REMAP_ROOT yes"], environment });
    assertEquals(variables.has("ENROOT_REMAP_ROOT"), false);
    assertEquals(variables.has("ENROOT_LOGIN_SHELL"), false);
  });
}

for (const yes of ["y", "yes", "1", "0", "off", "nO", "false "]) {
  Deno.test(`resolveVariables() takes ${JSON.stringify(yes)} for set`, () => {
    assertEquals(resolve({ environment: { ENROOT_X: yes } }).get("ENROOT_X"), yes);
  });
}

Deno.test("resolveVariables() gives a path that is set to no its default", () => {
  const variables = resolve({ environment: { ENROOT_DATA_PATH: "no" } });
  assertEquals(variables.get("ENROOT_DATA_PATH"), "/h/.local/share/enroot");
});

Deno.test("resolveVariables() leaves words like no alone in other people's variables", () => {
  assertEquals(resolve({ environment: { NVIDIA_X: "no" } }).get("NVIDIA_X"), "no");
});

Deno.test("resolveVariables() lets directives win over all but options", () => {
  const variables = resolve({
    files: ["ENROOT_X file"],
    environment: { ENROOT_X: "env", ENROOT_Y: "env", ENROOT_REMAP_ROOT: "y", ENROOT_Z: "env" },
    script: "ENROOT_X first\nENROOT_X second\nENROOT_Y n\nENROOT_REMAP_ROOT no\nENROOT_Z",
    options: { ENROOT_REMAP_ROOT: "yes" },
  });
  assertEquals(variables.get("ENROOT_X"), "second");
  assertEquals(variables.has("ENROOT_Y"), false);
  assertEquals(variables.has("ENROOT_Z"), false);
  assertEquals(variables.get("ENROOT_REMAP_ROOT"), "yes");
});

Deno.test("resolveVariables() expands values with what is set so far", () => {
  const files = ["ENROOT_X a\nENROOT_Y ${ENROOT_X}/$USER/${XDG_CACHE_HOME}\nENROOT_Z $UID"];
  const variables = resolve({ files, environment: { USER: "me" } });
  assertEquals(variables.get("ENROOT_Y"), "a/me//h/.cache");
  assertEquals(variables.get("ENROOT_Z"), String(Deno.uid()));
});

Deno.test("resolveVariables() runs command substitutions with the settings so far", () => {
  const files = ['ENROOT_X a\nENROOT_Y $(echo "$ENROOT_X-$USER" | tr a-z A-Z)\nENROOT_Z $(id -u)'];
  const variables = resolve({ files, environment: { USER: "me", PATH: "/usr/bin:/bin" } });
  assertEquals(variables.get("ENROOT_Y"), "A-ME");
  assertEquals(variables.get("ENROOT_Z"), String(Deno.uid()));
});

Deno.test("resolveVariables() runs no command for a name the environment sets", () => {
  const marker = `${Deno.makeTempDirSync()}/ran`;
  resolve({ files: [`ENROOT_X $(touch ${marker})`], environment: { ENROOT_X: "x", PATH: "/bin" } });
  assertEquals([...Deno.readDirSync(marker.slice(0, -4))].length, 0);
  Deno.removeSync(marker.slice(0, -4));
});

Deno.test("resolveVariables() finds the home directory without HOME", () => {
  const variables = resolveVariables({ files: [], environment: {}, directives: [], options: {} });
  const passwd = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
  const home = passwd.find(([, , uid]) => uid === String(Deno.uid()))?.[5] ?? "/";
  assertEquals(variables.get("ENROOT_CONFIG_PATH"), `${home}/.config/enroot`);
});
