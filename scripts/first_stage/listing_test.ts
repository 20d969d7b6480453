import { assertEquals } from "@std/assert";
import { assembled, ASSEMBLERS } from "../../tests/support/assembler.ts";
import { requiring } from "../../tests/support/requires.ts";
import { CODE_AARCH64, LISTING_AARCH64 } from "./listing_aarch64.ts";
import { CODE_X86_64, LISTING_X86_64 } from "./listing_x86_64.ts";

const STAGES = {
  x86_64: { listing: LISTING_X86_64, code: CODE_X86_64 },
  aarch64: { listing: LISTING_AARCH64, code: CODE_AARCH64 },
} as const;

for (const architecture of ["x86_64", "aarch64"] as const) {
  const { assembler: [assembler] } = ASSEMBLERS[architecture];
  Deno.test({
    ...requiring(
      { programs: [assembler] },
      `the first stage has the ${architecture} code of its listing`,
    ),
    fn() {
      const { listing, code } = STAGES[architecture];
      assertEquals(assembled(architecture, listing), code);
    },
  });
}
