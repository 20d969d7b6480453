import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { enrootCommand, makeHome, runEnroot } from "../support/enroot.ts";

const COMMANDS = [
  "batch",
  "bundle",
  "cache",
  "check",
  "create",
  "digest",
  "exec",
  "export",
  "import",
  "info",
  "list",
  "load",
  "remove",
  "start",
  "version",
];

Deno.test("enroot alone prints the general usage and fails", async () => {
  const { code, stdout, stderr } = await runEnroot([]);
  assertEquals(code, 1);
  assert(stdout.startsWith("Usage: enroot COMMAND [ARG...]\n"));
  assertEquals(stderr, "");
});

Deno.test("enroot help prints the general usage and succeeds", async () => {
  const { code, stdout, stderr } = await runEnroot(["help"]);
  assertEquals(code, 0);
  assert(stdout.startsWith("Usage: enroot COMMAND [ARG...]\n"));
  for (const command of COMMANDS) assertStringIncludes(stdout, `   ${command}`);
  assertEquals(stderr, "");
});

Deno.test("an unknown command prints the general usage and fails", async () => {
  const { code, stdout, stderr } = await runEnroot(["frobnicate"]);
  assertEquals(code, 1);
  assert(stdout.startsWith("Usage: enroot COMMAND [ARG...]\n"));
  assertEquals(stderr, "[ERROR] Invalid argument: frobnicate\n");
});

for (const command of COMMANDS) {
  Deno.test(`enroot ${command} --help prints its usage and succeeds`, async () => {
    const { code, stdout, stderr } = await runEnroot([command, "--help"]);
    assertEquals(code, 0);
    assert(stdout.startsWith(`Usage: enroot ${command}`));
    assertEquals(stderr, "");
  });

  Deno.test(`enroot ${command} prints its usage and fails for an unknown option`, async () => {
    const { code, stdout, stderr } = await runEnroot([command, "--frobnicate"]);
    assertEquals(code, 1);
    assert(stdout.startsWith(`Usage: enroot ${command}`));
    assertEquals(stderr, "[ERROR] Invalid argument: --frobnicate\n");
  });
}

Deno.test("a reader that goes away is not an error", async () => {
  using home = makeHome();
  const child = enrootCommand(["help"], { home }).spawn();
  await child.stdout.cancel();
  const stderr = await new Response(child.stderr).text();
  assertEquals(stderr, "");
  assertEquals((await child.status).code, 0);
});
