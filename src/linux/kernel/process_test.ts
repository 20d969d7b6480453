import { assertEquals } from "@std/assert";
import { supplementaryGroups } from "./process.ts";

Deno.test({
  name: "supplementaryGroups() are those that the kernel shows",
  // The C library stays loaded.
  sanitizeResources: false,
  fn() {
    const [, groups = ""] = /^Groups:\t(.*)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ??
      [];
    const shown = groups.split(" ").filter((group) => group !== "").map(Number);
    assertEquals(supplementaryGroups().sort(), shown.sort());
  },
});
