import { assertEquals } from "@std/assert";
import { ownershipFilter } from "./seccomp.ts";

const ALLOW = 0x7fff0000;
const SUCCEED_WITHOUT_EFFECT = 0x00050000;
const X86_64 = 0xc000003e;
const AARCH64 = 0xc00000b7;

/** Interprets the few instructions of classic BPF that the filter is made of (bpf(4)). */
function verdict(
  program: Uint8Array,
  call: { architecture: number; number: number; argument?: number },
) {
  const view = new DataView(program.buffer);
  const data = new Map([[0, call.number], [4, call.architecture], [16, call.argument ?? 0]]);
  let accumulator = 0;
  for (let index = 0; index < program.length / 8;) {
    const code = view.getUint16(index * 8, true);
    const operand = view.getUint32(index * 8 + 4, true);
    if (code === 0x06) return operand;
    if (code === 0x20) accumulator = data.get(operand) ?? -1;
    else if (code !== 0x15) throw new Error(`unexpected instruction ${code}`);
    index += 1 +
      (code === 0x15 ? view.getUint8(index * 8 + (accumulator === operand ? 2 : 3)) : 0);
  }
  throw new Error("fell off the end");
}

Deno.test("ownershipFilter() fakes changes of ownership and identity", () => {
  const x86 = ownershipFilter("x86_64");
  for (const number of [92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119]) {
    assertEquals(verdict(x86, { architecture: X86_64, number }), SUCCEED_WITHOUT_EFFECT);
  }
  const arm = ownershipFilter("aarch64");
  for (const number of [54, 55, 143, 144, 145, 146, 147, 149, 159]) {
    assertEquals(verdict(arm, { architecture: AARCH64, number }), SUCCEED_WITHOUT_EFFECT);
  }
});

Deno.test("ownershipFilter() lets setfsuid(-1) ask for the value and fakes other values", () => {
  const filter = ownershipFilter("x86_64");
  for (const number of [122, 123]) {
    const ask = { architecture: X86_64, number, argument: 0xffffffff };
    assertEquals(verdict(filter, ask), ALLOW);
    assertEquals(verdict(filter, { ...ask, argument: 1000 }), SUCCEED_WITHOUT_EFFECT);
  }
});

Deno.test("ownershipFilter() allows everything else, and every call of another architecture", () => {
  const filter = ownershipFilter("x86_64");
  for (const number of [0, 1, 59, 91, 95, 104, 107, 261, 400]) {
    assertEquals(verdict(filter, { architecture: X86_64, number }), ALLOW);
  }
  assertEquals(verdict(filter, { architecture: AARCH64, number: 92 }), ALLOW);
});
