import { assertEquals } from "@std/assert";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { absolutePath } from "./absolute_path.ts";

Deno.test("absolutePath() starts from the working directory", () => {
  assertEquals(absolutePath("/a/../b"), "/b");
  assertEquals(absolutePath("x/y"), `${Deno.cwd()}/x/y`);
});

Deno.test("absolutePath() finds nothing in a working directory that was deleted", () => {
  const before = Deno.cwd();
  using directory = makeTemporaryDirectory();
  try {
    Deno.chdir(directory.path);
    Deno.removeSync(directory.path);
    assertEquals(absolutePath("x"), "/proc/self/cwd/x");
    assertEquals(absolutePath("/x"), "/x");
  } finally {
    Deno.chdir(before);
  }
});
