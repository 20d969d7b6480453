import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { scratchFile } from "./scratch_file.ts";

/** The C library stays loaded, which the test runner would call a leak. */
const resident = { sanitizeResources: false };

Deno.test("a scratch file can be written and read, and has no name", resident, () => {
  using directory = makeTemporaryDirectory();
  using file = scratchFile(directory.path, { prefix: "x." });
  assertEquals([...Deno.readDirSync(directory.path)], []);
  Deno.writeTextFileSync(file.path, "content");
  assertEquals(Deno.readTextFileSync(file.path), "content");
});

Deno.test("a scratch file that cannot be made is an error that says where", resident, () => {
  assertThrows(
    () => scratchFile("/nonexistent", { prefix: "x." }),
    EnrootError,
    "Cannot create a file in /nonexistent: No such file or directory",
  );
});
