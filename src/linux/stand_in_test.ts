import { assertEquals } from "@std/assert";
import { CODE, LISTING } from "./stand_in_code.ts";
import type { Architecture } from "./syscall_numbers.ts";
import { assembled, ASSEMBLERS, isInstalled } from "./testing/assembler.ts";

for (const architecture of ["x86_64", "aarch64"] satisfies Architecture[]) {
  const { assembler: [assembler] } = ASSEMBLERS[architecture];
  const canAssemble = isInstalled(assembler);
  Deno.test({
    name: `cloneStandIn() has the ${architecture} code of its listing` +
      (canAssemble ? "" : ` (skipped: ${assembler} is not installed)`),
    ignore: !canAssemble,
    fn: () => assertEquals(assembled(architecture, LISTING[architecture]), CODE[architecture]),
  });
}
