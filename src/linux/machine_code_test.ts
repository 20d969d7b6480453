import { assertEquals } from "@std/assert";
import * as forkCode from "./fork_code.ts";
import * as standInCode from "./stand_in_code.ts";
import type { Architecture } from "./syscall_numbers.ts";
import { assembled, ASSEMBLERS, isInstalled } from "./testing/assembler.ts";

const FUNCTIONS = { "cloneStandIn()": standInCode, "fork()": forkCode };

for (const architecture of ["x86_64", "aarch64"] satisfies Architecture[]) {
  const { assembler: [assembler] } = ASSEMBLERS[architecture];
  const canAssemble = isInstalled(assembler);
  for (const [name, { CODE, LISTING }] of Object.entries(FUNCTIONS)) {
    Deno.test({
      name: `${name} has the ${architecture} code of its listing` +
        (canAssemble ? "" : ` (skipped: ${assembler} is not installed)`),
      ignore: !canAssemble,
      fn: () => assertEquals(assembled(architecture, LISTING[architecture]), CODE[architecture]),
    });
  }
}
