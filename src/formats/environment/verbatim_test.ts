import { assert, assertEquals } from "@std/assert";
import { formatVerbatim, isVerbatimVariable, readVerbatim } from "./mod.ts";

const VARIABLES: [string, string][] = [
  ["PLAIN", "value"],
  ["EMPTY", ""],
  ["SECRET", "${HOME} $HOME $(id) `id`"],
  ["DOUBLE", '"in quotes"'],
  ["SINGLE", "'x'"],
  ["ODD", "\"'"],
  ["BLANKS", "  \t around \t "],
  ["HASH", "#not a comment # either"],
  ["BACKSLASHES", "\\n\\040\\\\\\"],
  ["EQUALS", "=a=b="],
  ["LINES", "first\nSECOND=x\n\n# third\n#|fourth\n"],
  ["ONLY_LINES", "\n\n"],
  ["MARKS", "\n# enroot-environment: end\n# enroot-environment: verbatim\n"],
  ["RETURN", "a\r\nb\r"],
  ["BYTES", "\xc3\xa9\xff\x01\x7f"],
  ["dotted.name-1", "x"],
  [" A B", "blanks in a name"],
  ["PLAIN", "again"],
  ["LONG", "x".repeat(200_000)],
];

Deno.test("readVerbatim() gives the variables that formatVerbatim() was given", () => {
  const texts = VARIABLES.map(([name, value]) => `${name}=${value}`);
  for (const text of texts) assert(isVerbatimVariable(text), text);
  assertEquals(readVerbatim(formatVerbatim(texts)), { variables: VARIABLES, rest: "" });
  for (const variable of VARIABLES) {
    const text = formatVerbatim([variable.join("=")]);
    assertEquals(readVerbatim(text), { variables: [variable], rest: "" });
    assertEquals(readVerbatim(text.slice(0, -1)), { variables: [variable], rest: "" });
  }
});

Deno.test("isVerbatimVariable() refuses what has no name, or none of one line", () => {
  for (const text of ["", "NAME", "=x", "#A=x", "A\nB=x", "\nA=x", "A=\0", "A\0=x"]) {
    assert(!isVerbatimVariable(text), text);
  }
});

Deno.test("formatVerbatim() writes a file whose lines make sense to others", () => {
  const text = formatVerbatim(["PATH=/bin", "TWO=1\nLD_PRELOAD=x", "LAST="]);
  assertEquals(
    text,
    "# enroot-environment: verbatim\nPATH=/bin\nTWO=1\n#|LD_PRELOAD=x\nLAST=\n" +
      "# enroot-environment: end\n",
  );
  assertEquals(formatVerbatim([]), "");
});

Deno.test("readVerbatim() leaves to others what has no mark, and what was added behind its end", () => {
  for (const text of ["", "A=${B}\n", "\n# enroot-environment: verbatim\nA=1", "#\nA=1\n"]) {
    assertEquals(readVerbatim(text), { variables: [], rest: text });
  }
  const marked = formatVerbatim(["A=${B}"]);
  assertEquals(readVerbatim(`${marked}B=\${C}\n`), {
    variables: [["A", "${B}"]],
    rest: "B=${C}\n",
  });
});

Deno.test("readVerbatim() takes all to be literal where the end is missing", () => {
  const text = "# enroot-environment: verbatim\nA=${B}\n\nno variable\n# comment\nC=1\0\nD='x'";
  assertEquals(readVerbatim(text), { variables: [["A", "${B}"], ["D", "'x'"]], rest: "" });
  assertEquals(readVerbatim("# enroot-environment: verbatim\n"), { variables: [], rest: "" });
});

Deno.test("readVerbatim() takes as much as an image may say in linear time", () => {
  const start = performance.now();
  const value = "\n".repeat(1 << 20);
  assertEquals(readVerbatim(formatVerbatim([`A=${value}`])).variables, [["A", value]]);
  const many = Array.from({ length: 100_000 }, (_, index) => `V${index}=`);
  assertEquals(readVerbatim(formatVerbatim(many)).variables.length, 100_000);
  assert(performance.now() - start < 5000);
});
