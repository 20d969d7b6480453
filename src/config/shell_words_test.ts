import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Expander, expandWords } from "./expansion.ts";
import { parseWords } from "./shell_words.ts";

const VARIABLES: Record<string, string> = {
  A: "one",
  B: "two  words",
  EMPTY: "",
  HOME: "/home/me",
};

const EXPANDER: Expander = {
  variable: (name) => VARIABLES[name],
  assign: () => {},
  standIn: (name) => name === "XDG_DATA_HOME" ? "/home/me/.local/share" : undefined,
  home: (user) => user === "" ? "/home/me" : user === "ann" ? "/home/ann" : undefined,
  command: (command) => command === "two lines" ? "x\ny\n\n" : `[${command}]`,
  arithmetic: (expression) => `<${expression}>`,
};

function expand(text: string): string {
  return expandWords(parseWords(text), EXPANDER);
}

const CASES: [text: string, expanded: string][] = [
  ["", ""],
  ["plain", "plain"],
  ["  two   words\t", "two words"],
  ["'two   words'", "two   words"],
  ['"two   words"', "two   words"],
  ["a\\ b", "a b"],
  ["a\\$A", "a$A"],
  ["'$A'", "$A"],
  ['"\\$A \\x \\""', '$A \\x "'],
  ["$A/x", "one/x"],
  ["${A}x", "onex"],
  ["$B", "two words"],
  ['"$B"', "two  words"],
  ["$EMPTY", ""],
  ["x $EMPTY y", "x y"],
  ['x "$EMPTY" y', "x  y"],
  ["${UNSET-}", ""],
  ["${UNSET-d}", "d"],
  ["${UNSET:-d}/x", "d/x"],
  ["${EMPTY-d}", ""],
  ["${EMPTY:-d}", "d"],
  ["${A:-d}", "one"],
  ["${UNSET:-${EMPTY:-$A}}/b", "one/b"],
  ['"${UNSET:-$B}"', "two  words"],
  ["${UNSET:-~/x}", "/home/me/x"],
  ["${UNSET:-~}/x", "/home/me/x"],
  ["~}", "~}"],
  ["${XDG_DATA_HOME}/e", "/home/me/.local/share/e"],
  ["${XDG_DATA_HOME:-/other}/e", "/other/e"],
  ["~", "/home/me"],
  ["~/a b~ ~ann ~bob", "/home/me/a b~ /home/ann ~bob"],
  ['"~"', "~"],
  ["$(id -u)", "[id -u]"],
  ['"a$(f "$(g)" \')\')b"', "a[f \"$(g)\" ')']b"],
  ["`id -u`", "[id -u]"],
  ["$(two lines)", "x y"],
  ['"$(two lines)"', "x\ny"],
  ['$(f ")")', '[f ")"]'],
  ['$(f "it\'s $(g \\"x\\")")', '[f "it\'s $(g \\"x\\")"]'],
  ["$((1 + 2))", "<1 + 2>"],
  ['"$(( (1 + 2) * 3 ))"', "< (1 + 2) * 3 >"],
  ["$((a); (b))", "[(a); (b)]"],
  ["a # comment", "a"],
  ["a#b", "a#b"],
  ["cost$ 5$", "cost$ 5$"],
  ["-comp lzo -noD", "-comp lzo -noD"],
];

for (const [text, expanded] of CASES) {
  Deno.test(`expandWords() makes ${JSON.stringify(expanded)} of ${JSON.stringify(text)}`, () => {
    assertEquals(expand(text), expanded);
  });
}

const MALFORMED: [text: string, cause: string][] = [
  ["'a", "unterminated '"],
  ['"a', 'unterminated "'],
  ["`a", "unterminated `"],
  ["$(a", "unterminated $("],
  ["${a", "unterminated ${"],
  ["${a:-b", "unterminated ${"],
  ["a; rm -rf /", "unquoted ;"],
  ["a | b", "unquoted |"],
  ["a > b", "unquoted >"],
  ["(a)", "unquoted ("],
  ["${a:-".repeat(100), "too many nested ${"],
  ['$("'.repeat(10_000), "too many nested $("],
  ["x${A@Q}", "unknown expansion ${A@Q}"],
  ["${!A}", "unknown expansion ${!A}"],
  ["${GROUPS[0]}", "unknown expansion ${GROUPS[0]}"],
  ["${#}", "unknown expansion ${#}"],
  ["${}", "unknown expansion ${}"],
  ["${A b}", "unknown expansion ${A b}"],
  ["${A/b", "unterminated ${"],
  ["${A:1", "unterminated ${"],
  ["${A%", "unterminated ${"],
];

for (const [text, cause] of MALFORMED) {
  Deno.test(`parseWords() refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
    assertThrows(() => parseWords(text), EnrootError, cause);
  });
}
