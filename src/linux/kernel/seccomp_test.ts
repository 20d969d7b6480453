import { assertEquals } from "@std/assert";
import { containerFilter } from "./seccomp.ts";

const ALLOW = 0x7fff0000;
const SUCCEED_WITHOUT_EFFECT = 0x00050000;
const X86_64 = 0xc000003e;
const AARCH64 = 0xc00000b7;
const I386 = 0x40000003;
const ARM = 0x40000028;
const REFUSED = 0x00050001;
const FAKING = { fakeOwnership: true };

const TIOCSTI = 0x5412, TIOCLINUX = 0x541c, TCGETS = 0x5401;
/** ioctl(2) by every way into the kernel. */
const IOCTL = [
  { filter: "x86_64", architecture: X86_64, number: 16 },
  { filter: "x86_64", architecture: X86_64, number: 0x40000000 + 514 },
  { filter: "x86_64", architecture: X86_64, number: 0x40000000 + 16 },
  { filter: "x86_64", architecture: I386, number: 54 },
  { filter: "aarch64", architecture: AARCH64, number: 29 },
  { filter: "aarch64", architecture: ARM, number: 54 },
] as const;

/** Interprets the few instructions of classic BPF that the filter is made of (bpf(4)). */
function verdict(
  program: Uint8Array,
  call: { architecture: number; number: number; argument?: number; request?: number },
) {
  const view = new DataView(program.buffer);
  const data = new Map([[0, call.number], [4, call.architecture], [16, call.argument ?? 0], [
    24,
    call.request ?? 0,
  ]]);
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

Deno.test("containerFilter() fakes changes of ownership and identity", () => {
  const x86 = containerFilter("x86_64", FAKING);
  for (const number of [92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119]) {
    assertEquals(verdict(x86, { architecture: X86_64, number }), SUCCEED_WITHOUT_EFFECT);
  }
  const arm = containerFilter("aarch64", FAKING);
  for (const number of [54, 55, 143, 144, 145, 146, 147, 149, 159]) {
    assertEquals(verdict(arm, { architecture: AARCH64, number }), SUCCEED_WITHOUT_EFFECT);
  }
});

Deno.test("containerFilter() lets setfsuid(-1) ask for the value and fakes other values", () => {
  const filter = containerFilter("x86_64", FAKING);
  for (const number of [122, 123]) {
    const ask = { architecture: X86_64, number, argument: 0xffffffff };
    assertEquals(verdict(filter, ask), ALLOW);
    assertEquals(verdict(filter, { ...ask, argument: 1000 }), SUCCEED_WITHOUT_EFFECT);
  }
});

Deno.test("containerFilter() allows everything else, and every call of another architecture", () => {
  const filter = containerFilter("x86_64", FAKING);
  for (const number of [0, 1, 59, 91, 95, 104, 107, 261, 400]) {
    assertEquals(verdict(filter, { architecture: X86_64, number }), ALLOW);
  }
  assertEquals(verdict(filter, { architecture: AARCH64, number: 92 }), ALLOW);
});

Deno.test("containerFilter() refuses to type into a terminal, by every way into the kernel", () => {
  for (const fakeOwnership of [true, false]) {
    for (const { filter, ...call } of IOCTL) {
      const program = containerFilter(filter, { fakeOwnership });
      for (const request of [TIOCSTI, TIOCLINUX]) {
        assertEquals(verdict(program, { ...call, request }), REFUSED);
      }
      assertEquals(verdict(program, { ...call, request: TCGETS }), ALLOW);
    }
  }
});

Deno.test("containerFilter() fakes nothing unless asked to", () => {
  const filter = containerFilter("x86_64", { fakeOwnership: false });
  for (const number of [92, 105, 122]) {
    assertEquals(verdict(filter, { architecture: X86_64, number, argument: 5 }), ALLOW);
  }
});

Deno.test("containerFilter() takes other calls of 32-bit programs as they are", () => {
  for (const number of [0, 16, 53, 55, 182]) {
    const call = { architecture: I386, number, request: TIOCSTI };
    assertEquals(verdict(containerFilter("x86_64", FAKING), call), ALLOW);
  }
});
