import { assertEquals } from "@std/assert";
import { requiring } from "../../../tests/support/requires.ts";
import * as forkCode from "../clone/fork_code.ts";
import * as standInCode from "../clone/stand_in_code.ts";
import type { Architecture } from "./syscall_numbers.ts";
import { assembled, ASSEMBLERS } from "../../../tests/support/assembler.ts";

const FUNCTIONS = { "cloneStandIn()": standInCode, "fork()": forkCode };

for (const architecture of ["x86_64", "aarch64"] satisfies Architecture[]) {
  const { assembler: [assembler] } = ASSEMBLERS[architecture];
  for (const [name, { CODE, LISTING }] of Object.entries(FUNCTIONS)) {
    Deno.test({
      ...requiring(
        { programs: [assembler] },
        `${name} has the ${architecture} code of its listing`,
      ),
      fn: () => assertEquals(assembled(architecture, LISTING[architecture]), CODE[architecture]),
    });
  }
}
