import { assertEquals } from "@std/assert";
import { byteStringFromText } from "../../bytes/mod.ts";
import { AT, changeDirectory, mkdirat, unlinkat } from "../../linux/mod.ts";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { workingDirectory } from "./working_directory.ts";

/** The C library stays open. */
const resident = { sanitizeResources: false };

Deno.test("workingDirectory() is a path of any bytes", resident, () => {
  const before = Deno.cwd();
  using temporary = makeTemporaryDirectory();
  const parent = byteStringFromText(Deno.realPathSync(temporary.path));
  const directory = `${parent}/J\xf6rg (deleted)`;
  mkdirat(AT.FDCWD, directory, { mode: 0o700 });
  try {
    assertEquals(workingDirectory(), byteStringFromText(before));
    changeDirectory(directory);
    assertEquals(workingDirectory(), directory);
    unlinkat(AT.FDCWD, directory, { flags: AT.REMOVEDIR });
    assertEquals(workingDirectory(), "/proc/self/cwd");
  } finally {
    Deno.chdir(before);
  }
});
