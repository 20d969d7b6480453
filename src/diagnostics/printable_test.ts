import { assertEquals } from "@std/assert";
import { capturedStderr } from "../../tests/support/captured_stderr.ts";
import { logWarning } from "./log.ts";
import { printable, printableLines } from "./printable.ts";

const CASES: [text: string, shown: string][] = [
  ["plain äß日本 😀 text", "plain äß日本 😀 text"],
  ["\x1b[2J\x07", "\\x1b[2J\\x07"],
  ["a\nb\tc\r\0\x7f", "a\\x0ab\\x09c\\x0d\\x00\\x7f"],
  // The C1 controls: 0x9b is what ESC [ is, to a terminal that takes 8 bits for controls.
  ["\x80\x9b2J\x9d\x9f", "\\x80\\x9b2J\\x9d\\x9f"],
  ["a\u202eb\u202a\u2066\u2069", "a\\u202eb\\u202a\\u2066\\u2069"],
  ["\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"],
  ["a\u200bb\u200d\u2060\ufeff\u00ad", "a\\u200bb\\u200d\\u2060\\ufeff\\xad"],
  ["a\u2028b\u2029c", "a\\u2028b\\u2029c"],
  ["\u{e0041}", "\\u{e0041}"],
  ["\ud800x", "\\ud800x"],
];

for (const [text, shown] of CASES) {
  Deno.test(`printable() shows ${JSON.stringify(shown)}`, () => {
    assertEquals(printable(text), shown);
  });
}

Deno.test("printableLines() keeps lines and tabs", () => {
  assertEquals(printableLines("a\tb\n\x9bc\n"), "a\tb\n\\x9bc\n");
});

Deno.test("messages hold nothing that a terminal obeys", async () => {
  const lines = await capturedStderr(() => {
    logWarning("Skipped \u202efdp.sh\x1b]0;x\x07\x9b1m\nnext");
    return Promise.resolve();
  });
  assertEquals(lines, ["[WARN] Skipped \\u202efdp.sh\\x1b]0;x\\x07\\x9b1m\\x0anext"]);
});
