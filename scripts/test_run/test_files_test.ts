import { assertEquals, assertThrows } from "@std/assert";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { findTestFiles } from "./test_files.ts";

Deno.test("findTestFiles() finds tests of the whole program first, and who must run alone", () => {
  using top = makeTemporaryDirectory();
  const write = (name: string, text = "") => {
    const path = `${top.path}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
  };
  write("src/a_test.ts");
  write("src/a.ts");
  write("dist/b_test.ts");
  write("tests/cli/c_test.ts", 'import "./x.ts";\n\n// Runs alone: it looks at everything.\n');
  assertEquals(findTestFiles([top.path]), [
    { path: `${top.path}/tests/cli/c_test.ts`, alone: "it looks at everything." },
    { path: `${top.path}/src/a_test.ts`, alone: undefined },
  ]);
  assertEquals(findTestFiles([`${top.path}/src`, `${top.path}/src/a_test.ts`]).length, 1);
  assertThrows(() => findTestFiles([`${top.path}/none`]), Deno.errors.NotFound);
});
