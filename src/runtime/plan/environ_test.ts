import { assert, assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  addLiteralVariables,
  addVariableArgument,
  addVariables,
  type Environment,
  formatEnvironment,
  mergeEnvironment,
  substituteVariables,
} from "./environ.ts";

function parsed(text: string): [string, string][] {
  const environment: Environment = new Map();
  addVariables(environment, text);
  return [...environment];
}

Deno.test("substituteVariables() replaces set and unset variables, once", () => {
  const variables = new Map([["TERM", "xterm"], ["A", "${TERM}"]]);
  assertEquals(substituteVariables("T=${TERM} ${A}${NONE}.", variables), "T=xterm ${TERM}.");
});

Deno.test("substituteVariables() leaves other dollars alone", () => {
  const text = "$TERM ${} ${1} ${A-b} $${ ${A";
  assertEquals(substituteVariables(text, new Map([["A", "x"], ["TERM", "y"]])), text);
});

Deno.test("addVariables() reads names, values, blanks and comments", () => {
  assertEquals(parsed("A=1\n  \tB=two words \n#C=3\n\nD\n=E\n1F=2\nG H=1\nexport I=2\nJ="), [
    ["A", "1"],
    ["B", "two words "],
    ["J", ""],
  ]);
});

Deno.test("addVariables() lets the later line win", () => {
  assertEquals(parsed("A=1\nB=2\nA=3=4"), [["A", "3=4"], ["B", "2"]]);
});

Deno.test("addVariables() takes one pair of quotes off", () => {
  assertEquals(parsed(`A="x y"\nB='x'  \nC=""x""\nD="x\nE="\nF=a"b"\nG="x'\nH=""`), [
    ["A", "x y"],
    ["B", "x"],
    ["C", '"x"'],
    ["D", '"x'],
    ["E", '"'],
    ["F", 'a"b"'],
    ["G", `"x'`],
    ["H", ""],
  ]);
});

Deno.test("addVariables() drops what is reserved and keeps what only looks so", () => {
  assertEquals(parsed("ENROOT_X=1\nENROOT=2\nMY_ENROOT_X=3"), [
    ["ENROOT", "2"],
    ["MY_ENROOT_X", "3"],
  ]);
});

Deno.test("addVariables() drops a value with a NUL and keeps any other byte", () => {
  assertEquals(parsed("A=a\0b\nB=\xff\x01"), [["B", "\xff\x01"]]);
});

Deno.test("addVariables() takes huge lines in linear time", () => {
  const start = performance.now();
  const big = "x ".repeat(1 << 20);
  assertEquals(parsed(`A="${big}"\n${big}\nB=1`).length, 2);
  assert(performance.now() - start < 2000);
});

Deno.test("addLiteralVariables() changes nothing of a value and drops what is reserved", () => {
  const environment: Environment = new Map([["A", "0"]]);
  addLiteralVariables(environment, [["A", '"1"'], ["B", " x "], ["A", "${B}"], ["ENROOT_X", "1"]]);
  assertEquals([...environment], [["A", "${B}"], ["B", " x "]]);
});

Deno.test("addVariableArgument() adds values given and values of the host", () => {
  const environment: Environment = new Map([["A", "0"]]);
  const host = new Map([["JOB", '"1"'], ["A", "host"]]);
  for (const argument of ["A=1=2", "JOB", "UNSET", 'Q="q"', "M=a\nb", "ENROOT_X=1", "E="]) {
    addVariableArgument(environment, argument, host);
  }
  assertEquals([...environment], [
    ["A", "1=2"],
    ["JOB", '"1"'],
    ["UNSET", ""],
    ["Q", "q"],
    ["M", "a\nb"],
    ["E", ""],
  ]);
});

Deno.test("addVariableArgument() refuses what is no variable", () => {
  for (const argument of ["", "=x", "1A=2", "A B", "A-B=1", " A=1", "A=\0"]) {
    const error = assertThrows(
      () => addVariableArgument(new Map(), argument, new Map()),
      EnrootError,
    );
    assertEquals(error.message, `Invalid argument: ${argument}`);
  }
});

Deno.test("mergeEnvironment() takes over what hooks add, change and remove", () => {
  const environment: Environment = new Map([
    ["KEEP", "1"],
    ["QUOTED", '"x"'],
    ["CHANGE", "1"],
    ["REMOVE", "1"],
    ["LINES", "a\nb"],
    ["odd.name", "1"],
  ]);
  const text = formatEnvironment(environment);
  assertEquals(text, 'KEEP=1\nQUOTED="x"\nCHANGE=1\nREMOVE=1\n');
  mergeEnvironment(
    environment,
    text.replace("REMOVE=1\n", "") + "CHANGE=2\nADD='new'\nENROOT_X=1\nbad line\n",
  );
  assertEquals([...environment], [
    ["KEEP", "1"],
    ["QUOTED", '"x"'],
    ["CHANGE", "2"],
    ["LINES", "a\nb"],
    ["odd.name", "1"],
    ["ADD", "new"],
  ]);
});
