import { assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../tests/support/requires.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Expander, expandWords } from "./expansion.ts";
import { parseWords } from "./shell_words.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  HOST: "node17.cluster.example.org",
  PATHS: "/a/b:/c/d:/e",
  FILE: "/data/my files/x.tar.gz",
  WIDE: "äß.É€😀",
  MIXED: "Some Text_here",
  STARS: "a*b?c[d]e",
  BACKSLASH: "a\\*b",
  PATTERN: "*.",
  EMPTY: "",
  TWO: "2",
  BLANKS: "  a  b ",
  HOME: "/home/me",
};

function makeExpander(): Expander {
  const assigned = new Map<string, string>();
  return {
    variable: (name) => assigned.get(name) ?? VARIABLES[name],
    standIn: () => undefined,
    assign: (name, value) => assigned.set(name, value),
    home: () => "/home/me",
    command: (command) => run("/bin/sh", command).stdout,
    arithmetic: (expression) => run("/bin/sh", `printf %s "$((${expression}))"`).stdout,
  };
}

function run(shell: string, command: string) {
  const { success, stdout, stderr } = new Deno.Command(shell, {
    args: ["-uc", command],
    env: { ...VARIABLES, LC_ALL: "C.UTF-8", PATH: "/usr/bin:/bin" },
    clearEnv: true,
  }).outputSync();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function expand(text: string): string {
  return expandWords(parseWords(text), makeExpander());
}

/** Each of them means the same to bash, which is asked as well. */
const CASES: [text: string, expanded: string][] = [
  ["${HOST%%.*}", "node17"],
  ["${HOST%.*}", "node17.cluster.example"],
  ["${HOST#*.}", "cluster.example.org"],
  ["${HOST##*.}", "org"],
  ["${HOST%nothing}", "node17.cluster.example.org"],
  ["${HOST#node}", "17.cluster.example.org"],
  ["${HOST##*}", ""],
  ["${HOST#*}", "node17.cluster.example.org"],
  ["${HOST%%[0-9]*}", "node"],
  ["${HOST%%[!a-z]*}", "node"],
  ["${HOST%%[^[:alpha:]]*}", "node"],
  ["${HOST#????}", "17.cluster.example.org"],
  ["/scratch/${HOST%%.*}/x", "/scratch/node17/x"],
  ["${HOST#$PATTERN}", "cluster.example.org"],
  ['${HOST#"$PATTERN"}', "node17.cluster.example.org"],
  ["${HOST#'*.'}", "node17.cluster.example.org"],
  ["\"${HOST#'*.'}\"", "node17.cluster.example.org"],
  ["${HOST%.${HOST##*.}}", "node17.cluster.example"],
  ["${HOME#~}", ""],
  ["${STARS#a\\*}", "b?c[d]e"],
  ["${STARS%%[*}", "a*b?c"],
  ["${STARS##*[]]}", "e"],
  ["${STARS%[d]e}", "a*b?c[d]e"],
  ["${STARS%%[?*]*}", "a"],
  ["${BACKSLASH%\\\\\\*b}", "a"],
  ["${PATHS%%:*}", "/a/b"],
  ["${PATHS//:/ }", "/a/b /c/d /e"],
  ['"${PATHS//:/  }"', "/a/b  /c/d  /e"],
  ["${PATHS/:/;}", "/a/b;/c/d:/e"],
  ["${PATHS////_}", "_a_b:_c_d:_e"],
  ["${PATHS//\\//_}", "_a_b:_c_d:_e"],
  ["${PATHS/\\//}", "a/b:/c/d:/e"],
  ["${PATHS//[a-c]}", "//://d:/e"],
  ["${PATHS/#\\/a/z}", "z/b:/c/d:/e"],
  ["${PATHS/%e/z}", "/a/b:/c/d:/z"],
  ["${PATHS/%x/z}", "/a/b:/c/d:/e"],
  ["${PATHS/#/p}", "p/a/b:/c/d:/e"],
  ["${PATHS/%/s}", "/a/b:/c/d:/es"],
  ["${PATHS//}", "/a/b:/c/d:/e"],
  ["${PATHS/}", "/a/b:/c/d:/e"],
  ["${PATHS/:*:/-}", "/a/b-/e"],
  ["${PATHS//*/-}", "-"],
  ["${PATHS//?b*d/-}", "/a-:/e"],
  ["${EMPTY/*/x}", "x"],
  ["${EMPTY//x/y}", ""],
  ["${HOST/node/${TWO}x}", "2x17.cluster.example.org"],
  ["${HOST/.*/'#'}", "node17#"],
  ["${HOST:0:2}", "no"],
  ["${HOST:2}", "de17.cluster.example.org"],
  ["${HOST: -3}", "org"],
  ["${HOST:(-3)}", "org"],
  ["${HOST: -3:1}", "o"],
  ["${HOST:0:-4}", "node17.cluster.example"],
  ["${HOST:4:$TWO}", "17"],
  ["${HOST:TWO+2:TWO}", "17"],
  ["${HOST::4}", "node"],
  ["${HOST:99}", ""],
  ["${HOST: -99}", ""],
  ["${WIDE:1:2}", "ß."],
  ["${WIDE: -1}", "😀"],
  ["${#WIDE}", "6"],
  ["${#EMPTY}", "0"],
  ["${WIDE^^}", "Äß.É€😀"],
  ["${WIDE,,}", "äß.é€😀"],
  ["${HOST^}", "Node17.cluster.example.org"],
  ["${HOST^^}", "NODE17.CLUSTER.EXAMPLE.ORG"],
  ["${HOST^^[a-e]}", "noDE17.ClustEr.ExAmplE.org"],
  ["${MIXED,}", "some Text_here"],
  ["${MIXED,,}", "some text_here"],
  ["${MIXED//[[:upper:]]/-}", "-ome -ext_here"],
  ["${EMPTY^^}", ""],
  ["${HOST:+yes}", "yes"],
  ["${EMPTY:+yes}", ""],
  ["${EMPTY+yes}", "yes"],
  ["x${UNSET+yes}", "x"],
  ['x "${UNSET+yes}" y', "x  y"],
  ["${UNSET:+/$ALSO}x", "x"],
  ["${HOST:+/by/${HOST%%.*}}", "/by/node17"],
  ["${UNSET:=a b} ${UNSET}", "a b a b"],
  ["${EMPTY:=x}$EMPTY ${EMPTY=y}", "xx x"],
  ["${HOST?}", "node17.cluster.example.org"],
  ["${EMPTY?not set}x", "x"],
  ["${UNSET-  a   b }x", "a b x"],
  ['"${UNSET-  a   b }x"', "  a   b x"],
  ["\"${UNSET-'a'}\"", "'a'"],
  ['"${UNSET-"a  b"}"', "a  b"],
  ['"${UNSET-\\}\\a}"', "}\\a"],
  ["${UNSET-\\}a}", "}a"],
  ['"${UNSET-~}"', "~"],
  ["${UNSET-~/x}", "/home/me/x"],
  ["${UNSET-'a  b'}", "a  b"],
  ["${UNSET-a;b}", "a;b"],
  ["$BLANKS", "a b"],
  ["x${BLANKS}y", "x a b y"],
  ["${FILE##*/}", "x.tar.gz"],
  ["${FILE%/*}", "/data/my files"],
  ['"${FILE%/*}/y"', "/data/my files/y"],
  ["$((TWO * 3))", "6"],
  ["$(( (1 + 2) * $TWO ))x", "6x"],
  ['$(echo ")")', ")"],
  ['"$(echo "it\'s  $(echo ")")")"', "it's  )"],
  ["$( (echo a); (echo b) )", "a b"],
];

for (const [text, expanded] of CASES) {
  Deno.test(`expandWords() makes ${JSON.stringify(expanded)} of ${JSON.stringify(text)}`, () => {
    assertEquals(expand(text), expanded);
  });
}

const STOPS: [text: string, cause: string][] = [
  ["a/$UNSET", "UNSET: unbound variable"],
  ["${UNSET}", "UNSET: unbound variable"],
  ['"${UNSET%x}"', "UNSET: unbound variable"],
  ["${UNSET:0:1}", "UNSET: unbound variable"],
  ["${UNSET/a/b}", "UNSET: unbound variable"],
  ["${UNSET^^}", "UNSET: unbound variable"],
  ["${#UNSET}", "UNSET: unbound variable"],
  ["${EMPTY:-$ALSO}", "ALSO: unbound variable"],
  ["${HOST%$ALSO}", "ALSO: unbound variable"],
  ["${UNSET?}", "UNSET: parameter not set"],
  ["${EMPTY:?}", "EMPTY: parameter null or not set"],
  ["${EMPTY:?set it  in $HOME}", "EMPTY: set it  in /home/me"],
  ["${HOST:4:-30}", "-30: substring expression < 0"],
];

for (const [text, cause] of STOPS) {
  Deno.test(`expandWords() stops at ${JSON.stringify(text)}`, () => {
    const error = assertThrows(() => expand(text), EnrootError);
    assertEquals(error.message, cause);
  });
}

Deno.test({
  ...requiring({ programs: ["bash"] }, "expandWords() agrees with bash"),
  fn() {
    const script = CASES.map(([text]) => `(printf '%s\\n' "$(set -f; echo ${text})")\n`);
    const { stdout, stderr } = run("/bin/bash", script.join(""));
    assertEquals(stderr, "");
    assertEquals(stdout.split("\n").slice(0, -1), CASES.map(([, expanded]) => expanded));
    for (const [text, cause] of STOPS) {
      const { success, stderr } = run("/bin/bash", `echo ${text}`);
      assertEquals(success, false, text);
      assertEquals(stderr.trimEnd().replace(/^.*?bash: (line \d+: )?/, ""), cause);
    }
  },
});

Deno.test("expandWords() matches patterns in bounded time", () => {
  const long = "a".repeat(100_000);
  const expander = { ...makeExpander(), variable: () => long };
  const start = performance.now();
  for (
    const pattern of ["*a*a*a*a*a*a*b", "*[!b]*?*a*b", `${"*a".repeat(500)}*b`, "[".repeat(500)]
  ) {
    for (const operation of ["#", "##", "%", "%%", "//", "/"]) {
      assertEquals(expandWords(parseWords(`\${X${operation}${pattern}}`), expander), long);
    }
  }
  assertEquals(expandWords(parseWords("${X//a/b}"), expander), "b".repeat(100_000));
  assertEquals(performance.now() - start < 20_000, true);
});
