import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { runTestFile } from "./file_run.ts";

/** Runs a file of tests with this text. */
async function run(text: string, { limit = 60 } = {}) {
  using files = makeTemporaryDirectory();
  const path = `${files.path}/x_test.ts`;
  Deno.writeTextFileSync(path, text);
  using directory = makeTemporaryDirectory();
  const result = await runTestFile(path, {
    args: ["--no-config"],
    env: {},
    directory: directory.path,
    limit,
    signal: new AbortController().signal,
  });
  assertEquals([...Deno.readDirSync(directory.path)], []);
  return result;
}

Deno.test("runTestFile() counts what passes, fails and is skipped", async () => {
  const { counts, skips, failures } = await run(`
    Deno.test("a", () => {});
    Deno.test("b", () => { throw new Error("boom"); });
    Deno.test({ name: "c (skipped: no moon)", ignore: true, fn() {} });`);
  assertEquals(counts, { passed: 1, failed: 1, skipped: 1 });
  assertEquals(skips, ["no moon"]);
  assertStringIncludes(failures, "boom");
});

Deno.test("runTestFile() takes files that are left behind for a failure", async () => {
  const { counts, failures } = await run(`
    Deno.test("a", () => Deno.writeTextFileSync(Deno.env.get("TMPDIR") + "/left", ""));`);
  assertEquals(counts, { passed: 1, failed: 1, skipped: 0 });
  assertEquals(failures, "it leaves temporary files: left");
});

Deno.test("runTestFile() takes a file that cannot be loaded for a failure", async () => {
  const { counts, failures } = await run(`throw new Error("no such luck");`);
  assertEquals(counts, { passed: 0, failed: 1, skipped: 0 });
  assertStringIncludes(failures, "no such luck");
});

Deno.test("runTestFile() kills what takes too long, and what that has started", async () => {
  const { counts, failures } = await run(
    `Deno.test("waits", () => new Deno.Command("sleep", { args: ["1000"] }).output());`,
    { limit: 3 },
  );
  assertEquals(counts, { passed: 0, failed: 1, skipped: 0 });
  assertStringIncludes(failures, "killed after 3 seconds");
});
