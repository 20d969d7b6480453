import { assertEquals } from "@std/assert";
import { isEnabled, parseDefsNumber, parseLoginDefs } from "./login_defs.ts";

Deno.test("parseLoginDefs() reads blanks and equal signs, quotes and comments", () => {
  const text = '# UMASK 077\nUMASK\t\t022 # why\n  SHELL=/bin/sh\nLANG="de_DE.UTF-8"\n' +
    'TZ = "a b"\nEMPTY\nNOTHING=\nENV_PATH PATH=/bin:/usr/bin\r\nUMASK 027\n';
  assertEquals([...parseLoginDefs(text)], [
    ["UMASK", "027"],
    ["SHELL", "/bin/sh"],
    ["LANG", "de_DE.UTF-8"],
    ["TZ", "a"],
    ["ENV_PATH", "PATH=/bin:/usr/bin"],
  ]);
});

Deno.test("isEnabled() knows yes and true", () => {
  const defs = parseLoginDefs("A yes\nB TRUE\nC no\nD 1");
  assertEquals(["A", "B", "C", "D", "E"].map((name) => isEnabled(defs, name)), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("parseDefsNumber() reads octal, decimal and hexadecimal", () => {
  assertEquals(["022", "22", "0x1F", "0"].map(parseDefsNumber), [0o22, 22, 31, 0]);
  for (const text of [undefined, "", "089", "-1", "x", "0x", "99999999999999999999"]) {
    assertEquals(parseDefsNumber(text), null, text);
  }
});
