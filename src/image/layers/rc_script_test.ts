import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { makeTemporaryFile } from "../../../tests/support/temp.ts";
import type { RunConfig } from "../../formats/oci/mod.ts";
import { rcScript } from "./rc_script.ts";

const EMPTY: RunConfig = {
  env: [],
  entrypoint: [],
  cmd: [],
  workingDir: "",
  labels: [],
  volumes: [],
};
const PROVENANCE = "docker://registry-1.docker.io#library/ubuntu:latest";
const PRINT = ["printf", "<%s>"];

const SHELLS = ["dash", "bash", "sh"].filter((shell) => {
  try {
    return new Deno.Command(shell, { args: ["-c", "true"] }).outputSync().success;
  } catch {
    return false;
  }
});

/** What the script does in a shell. */
function run(shell: string, config: Partial<RunConfig>, args: string[] = []) {
  using temporary = makeTemporaryFile();
  const file = temporary.path;
  Deno.writeTextFileSync(file, rcScript({ ...EMPTY, ...config }, PROVENANCE));
  const { code, stdout } = new Deno.Command(shell, { args: [file, ...args], stdin: "null" })
    .outputSync();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

Deno.test("rcScript() keeps labels in comments, whatever they are", () => {
  const labels: [string, string][] = [
    ["a\nexit 1", "b\r\nexit 1"],
    ["", ""],
    ["nul", "\0exit 1"],
    ["quotes", "'\"$(exit 1)`exit 1`\\"],
    ["\u{1f600}", "x".repeat(1_000_000)],
  ];
  for (const shell of SHELLS) {
    assertEquals(run(shell, { labels, cmd: ["echo", "ran"] }), { code: 0, stdout: "ran\n" }, shell);
  }
  const comments = rcScript({ ...EMPTY, labels: labels.slice(0, 3) }, PROVENANCE).split("\n");
  assertEquals(comments.slice(1, 5), ["# a exit 1 b exit 1", "#  ", "# nul  exit 1", ""]);
});

Deno.test("rcScript() reads as expected", () => {
  assertEquals(
    rcScript(
      {
        ...EMPTY,
        entrypoint: ["/entry point.sh"],
        cmd: ["it's", ""],
        workingDir: "/srv",
        labels: [["maintainer", "me"]],
      },
      PROVENANCE,
    ),
    `# enroot-provenance: docker://registry-1.docker.io#library/ubuntu:latest
# maintainer me

mkdir -p '/srv' 2> /dev/null
cd '/srv' && unset OLDPWD || exit 1

if [ -s /etc/rc.local ]; then
    . /etc/rc.local
fi

if [ $# -gt 0 ]; then
    exec '/entry point.sh' "$@"
else
    exec '/entry point.sh' 'it'\\''s' ''
fi
`,
  );
});

Deno.test("rcScript() starts a shell when the image has no command", () => {
  assertStringIncludes(rcScript(EMPTY, PROVENANCE), "\n    exec '/bin/sh'\n");
  assertStringIncludes(rcScript(EMPTY, PROVENANCE), "\ncd '/' &&");
});

Deno.test("rcScript() keeps labels inside their comments", () => {
  const labels: [string, string][] = [["a\nexit 3\n", "b\r\nexit 4\nrest"], ["empty", ""]];
  const script = rcScript({ ...EMPTY, labels }, "docker://x\nexit 5");
  assertStringIncludes(script, "\n# a exit 3  b exit 4 rest\n# empty \n");
  for (const shell of SHELLS) {
    assertEquals(run(shell, { labels, entrypoint: ["true"] }), { code: 0, stdout: "" });
  }
});

const AWKWARD = [
  "",
  " ",
  "a b",
  "it's",
  '"quoted"',
  "$HOME",
  "`id`",
  "$(id)",
  "\\",
  "line\nbreak",
  "*",
  "~",
  "!x",
  "-n",
  "ünïcode",
  "#no comment",
  "a=b",
  ";exit 1",
];
const PRINTED = AWKWARD.map((word) => `<${word}>`).join("");

for (const shell of SHELLS) {
  Deno.test(`rcScript() hands every word on unchanged, in ${shell}`, () => {
    assertEquals(run(shell, { cmd: [...PRINT, ...AWKWARD] }).stdout, PRINTED);
    assertEquals(run(shell, { entrypoint: PRINT, cmd: AWKWARD }).stdout, PRINTED);
    assertEquals(run(shell, { entrypoint: PRINT, cmd: ["not this"] }, AWKWARD).stdout, PRINTED);
    assertEquals(run(shell, { entrypoint: [...PRINT, ...AWKWARD] }, ["x"]).stdout, `${PRINTED}<x>`);
    assertEquals(run(shell, { cmd: ["false"] }, [...PRINT, ...AWKWARD]).stdout, PRINTED);
  });

  Deno.test(`rcScript() passes the exit code on, in ${shell}`, () => {
    assertEquals(run(shell, { cmd: ["sh", "-c", "exit 7"] }).code, 7);
    assertEquals(run(shell, { cmd: ["/no/such/program"] }).code, 127);
  });

  Deno.test(`rcScript() makes and enters the working directory, in ${shell}`, () => {
    const directory = Deno.makeTempDirSync();
    try {
      const workingDir = `${directory}/it's a $HOME/dir`;
      const { stdout } = run(shell, { workingDir, cmd: ["sh", "-c", 'echo "$PWD:$OLDPWD"'] });
      assertEquals(stdout, `${workingDir}:\n`);
      assertEquals(
        run(shell, { workingDir: workingDir.slice(1), cmd: ["pwd"] }).stdout,
        `${workingDir}\n`,
      );
      Deno.writeTextFileSync(`${directory}/file`, "");
      assertEquals(run(shell, { workingDir: `${directory}/file`, cmd: ["true"] }).code, 1);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

Deno.test("rcScript() was tried in a shell", () => assert(SHELLS.length > 0));
