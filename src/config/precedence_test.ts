import { assertEquals, assertThrows } from "@std/assert";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { EnrootError } from "../diagnostics/mod.ts";
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
  using directory = makeTemporaryDirectory();
  const marker = `${directory.path}/ran`;
  resolve({ files: [`ENROOT_X $(touch ${marker})`], environment: { ENROOT_X: "x", PATH: "/bin" } });
  assertEquals([...Deno.readDirSync(directory.path)].length, 0);
});

Deno.test("resolveVariables() finds the home directory without HOME", () => {
  const variables = resolveVariables({ files: [], environment: {}, directives: [], options: {} });
  const passwd = Deno.readTextFileSync("/etc/passwd").split("\n").map((line) => line.split(":"));
  const home = passwd.find(([, , uid]) => uid === String(Deno.uid()))?.[5] ?? "/";
  assertEquals(variables.get("ENROOT_CONFIG_PATH"), `${home}/.config/enroot`);
});

Deno.test("resolveVariables() knows the variables that bash sets by itself", () => {
  const names = ["HOSTNAME", "HOSTTYPE", "MACHTYPE", "OSTYPE", "PWD", "UID", "EUID", "GROUPS"];
  const words = names.map((name) => `\${${name}}`).join(" ");
  const files = [
    `ENROOT_X ${words}\nENROOT_Y $(echo ${words})\nENROOT_Z \${HOSTNAME%%.*}/$PPID`,
  ];
  const { arch } = Deno.build;
  const machine = `${arch}-${arch === "x86_64" ? "pc" : "unknown"}-linux-gnu`;
  const own = [Deno.hostname(), arch, machine, "linux-gnu", Deno.cwd()];
  const ids = [Deno.uid(), Deno.uid(), Deno.gid()];
  const variables = resolve({ files, environment: { PATH: "/usr/bin:/bin" } });
  assertEquals(variables.get("ENROOT_X"), [...own, ...ids].join(" "));
  assertEquals(variables.get("ENROOT_Y"), [...own, ...ids].join(" "));
  assertEquals(variables.get("ENROOT_Z"), `${Deno.hostname().split(".")[0]}/${Deno.ppid}`);
});

Deno.test("resolveVariables() takes the host's name from the environment, but no ids", () => {
  const environment = { HOSTNAME: "me.example", UID: "5", EUID: "5", GROUPS: "5" };
  const variables = resolve({ files: ["ENROOT_X $HOSTNAME $UID $EUID $GROUPS"], environment });
  assertEquals(
    variables.get("ENROOT_X"),
    ["me.example", Deno.uid(), Deno.uid(), Deno.gid()].join(" "),
  );
});

Deno.test("resolveVariables() names the setting, file and line of an unset variable", () => {
  for (const value of ["/scratch/$NOBODY_SETS_IT", '"${NOBODY_SETS_IT%x}"']) {
    assertThrows(
      () => resolve({ files: [`# x\nENROOT_DATA_PATH ${value}`] }),
      EnrootError,
      "Cannot expand ENROOT_DATA_PATH in f: line 2: NOBODY_SETS_IT: unbound variable",
    );
  }
  assertThrows(
    () => resolve({ script: "ENROOT_X=$NOBODY_SETS_IT" }),
    EnrootError,
    "Cannot expand ENROOT_X in s: line 1: NOBODY_SETS_IT: unbound variable",
  );
});

Deno.test("resolveVariables() does not mind an unset variable that has a replacement", () => {
  const files = ["ENROOT_X /a${NOBODY_SETS_IT-}/${NOBODY_SETS_IT:-b}${NOBODY_SETS_IT:+c}"];
  assertEquals(resolve({ files }).get("ENROOT_X"), "/a/b");
});

Deno.test("resolveVariables() does not expand a value that the environment overrides", () => {
  const files = ["ENROOT_X $NOBODY_SETS_IT"];
  assertEquals(resolve({ files, environment: { ENROOT_X: "x" } }).get("ENROOT_X"), "x");
});

Deno.test("resolveVariables() takes a variable that is set to nothing for set", () => {
  const environment = { NOTHING: "", XDG_DATA_HOME: "" };
  const files = ["ENROOT_X a${NOTHING}${NOTHING-b}${NOTHING:-c}\nENROOT_Y $XDG_DATA_HOME"];
  const variables = resolve({ files, environment });
  assertEquals(variables.get("ENROOT_X"), "ac");
  assertEquals(variables.get("ENROOT_Y"), "/h/.local/share");
});

Deno.test("resolveVariables() keeps what ${NAME:=value} sets for later lines and commands", () => {
  const files = ["ENROOT_X ${SITE:=/scratch}/a\nENROOT_Y $SITE/b\nENROOT_Z $(echo $SITE)"];
  const variables = resolve({ files, environment: { PATH: "/usr/bin:/bin" } });
  assertEquals(variables.get("ENROOT_X"), "/scratch/a");
  assertEquals(variables.get("ENROOT_Y"), "/scratch/b");
  assertEquals(variables.get("ENROOT_Z"), "/scratch");
});

Deno.test("resolveVariables() knows where the program's own directories are", () => {
  const files = ["ENROOT_X $ENROOT_SYSCONF_PATH $ENROOT_LIBRARY_PATH"];
  assertEquals(resolve({ files }).get("ENROOT_X"), "/etc/enroot /usr/lib/enroot");
  assertThrows(() => resolve({ files: ["ENROOT_X $ENROOT_DATA_PATH"] }), EnrootError, "unbound");
});

Deno.test("resolveVariables() calculates, and says where it cannot", () => {
  const files = ["ENROOT_X $((N + 1))\nENROOT_Y ${N:N-7}"];
  assertEquals(resolve({ files, environment: { N: "7" } }).get("ENROOT_X"), "8");
  assertEquals(resolve({ files, environment: { N: "7" } }).get("ENROOT_Y"), "7");
  assertThrows(
    () => resolve({ files: ["ENROOT_X $((1 +))"] }),
    EnrootError,
    "Cannot expand ENROOT_X in f: line 1: cannot calculate 1 +",
  );
});
