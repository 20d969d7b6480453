import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS, isCommandName } from "./command_table.ts";
import { commandUsage, generalUsage } from "./usage.ts";

Deno.test("generalUsage() lists every command with its arguments", () => {
  const text = generalUsage();
  assert(text.startsWith("Usage: enroot COMMAND [ARG...]\n\n"));
  for (const name of Object.keys(COMMANDS)) assertStringIncludes(text, `\n   ${name}`);
  assertStringIncludes(text, "\n   start   [options] [--] NAME|IMAGE [COMMAND] [ARG...]\n");
  assertStringIncludes(text, "\n   list    [options]\n");
  assertStringIncludes(text, "\n   version\n");
});

for (const name of Object.keys(COMMANDS).filter(isCommandName)) {
  Deno.test(`commandUsage() of ${name} fits a terminal and names its options`, () => {
    const text = commandUsage(name);
    assert(text.startsWith(`Usage: enroot ${name}`));
    assert(text.endsWith("\n"));
    for (const line of text.split("\n")) {
      assertEquals(line, line.trimEnd());
      assert(line.length <= 100, line);
    }
    for (const { long } of COMMANDS[name].options) assertStringIncludes(text, `--${long}`);
  });
}

Deno.test("commandUsage() aligns options", () => {
  assertStringIncludes(
    commandUsage("create"),
    '\n Options:\n   -n, --name NAME  Name of the container (defaults to "IMAGE")\n   -f, --force      ',
  );
});
