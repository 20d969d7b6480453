import { assertEquals } from "@std/assert";
import { parseTestOutput } from "./test_output.ts";

const MIXED = `running 3 tests from ./x_test.ts
a ...
------- output -------
hi
----- output end -----
a ... ok (0ms)
b (skipped: no skopeo) ... ignored (0ms)
c ...
  s ... ok (0ms)
  t (skipped: only root can do this) ... ignored (0ms)
c ... FAILED (1ms)

 ERRORS 

c => ./x_test.ts:3:6
error: Error: boom

 FAILURES 

c => ./x_test.ts:3:6

FAILED | 1 passed (1 step) | 1 failed | 1 ignored (1 step) (1s)

error: Test failed
`;

Deno.test("parseTestOutput() counts, and tells why tests were skipped or failed", () => {
  assertEquals(parseTestOutput(MIXED), {
    counts: { passed: 1, failed: 1, skipped: 2 },
    skips: ["no skopeo", "only root can do this"],
    failures: "c => ./x_test.ts:3:6\nerror: Error: boom",
    unfinished: undefined,
  });
});

Deno.test("parseTestOutput() knows the test that did not come to its end", () => {
  const text = "running 2 tests from ./x_test.ts\na ... ok (0ms)\nb waits ...";
  const { counts, failures, unfinished } = parseTestOutput(text);
  assertEquals({ counts, failures, unfinished }, {
    counts: undefined,
    failures: text,
    unfinished: "b waits",
  });
});

Deno.test("parseTestOutput() takes a file that cannot be loaded for no end at all", () => {
  const { counts, failures } = parseTestOutput("error: Module not found\n");
  assertEquals({ counts, failures }, { counts: undefined, failures: "error: Module not found" });
});
