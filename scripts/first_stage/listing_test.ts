import { assertEquals } from "@std/assert";
import { assembled, ASSEMBLERS, isInstalled } from "../../src/linux/testing/assembler.ts";
import { CODE_AARCH64, LISTING_AARCH64 } from "./listing_aarch64.ts";
import { CODE_X86_64, LISTING_X86_64 } from "./listing_x86_64.ts";

const STAGES = {
  x86_64: { listing: LISTING_X86_64, code: CODE_X86_64 },
  aarch64: { listing: LISTING_AARCH64, code: CODE_AARCH64 },
} as const;

for (const architecture of ["x86_64", "aarch64"] as const) {
  const { assembler: [assembler] } = ASSEMBLERS[architecture];
  const canAssemble = isInstalled(assembler);
  Deno.test({
    name: `the first stage has the ${architecture} code of its listing` +
      (canAssemble ? "" : ` (skipped: ${assembler} is not installed)`),
    ignore: !canAssemble,
    fn() {
      const { listing, code } = STAGES[architecture];
      assertEquals(assembled(architecture, listing), code);
    },
  });
}
