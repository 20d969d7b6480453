import { type Memory, memory, type Syscall } from "../table/syscall_image.ts";
import type { Architecture } from "../call/syscall_numbers.ts";

const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;
const PR_SET_SPECULATION_CTRL = 53;
const PR_SPEC_STORE_BYPASS = 0;
const PR_SPEC_INDIRECT_BRANCH = 1;
const PR_SPEC_ENABLE = 2;

/** What the filter knows of an architecture: AUDIT_ARCH numbers and system call numbers. */
interface FilteredCalls {
  auditArchitecture: number;
  /** Calls that succeed without effect. */
  faked: number[];
  /** Calls that succeed without effect unless their argument is -1, which asks for the value. */
  fakedUnlessQuery: number[];
  /** ioctl(2), by every number that it has. */
  ioctl: number[];
  /** The 32-bit entries that the kernel may have besides. */
  compatible: { auditArchitecture: number; ioctl: number };
}

/** Calls by the x32 ABI (__X32_SYSCALL_BIT), which shares the AUDIT_ARCH number of x86_64. */
const X32 = 0x40000000;

const FILTERED: Record<Architecture, FilteredCalls> = {
  x86_64: {
    auditArchitecture: 0xc000003e,
    // chown fchown lchown fchownat setuid setgid setreuid setregid setgroups setresuid setresgid
    faked: [92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119],
    fakedUnlessQuery: [122, 123], // setfsuid setfsgid
    ioctl: [16, X32 + 514, X32 + 16], // Kernels before 5.4 take the last one, too.
    compatible: { auditArchitecture: 0x40000003, ioctl: 54 }, // i386
  },
  aarch64: {
    auditArchitecture: 0xc00000b7,
    // fchownat fchown setregid setgid setreuid setuid setresuid setresgid setgroups
    faked: [54, 55, 143, 144, 145, 146, 147, 149, 159],
    fakedUnlessQuery: [151, 152], // setfsuid setfsgid
    ioctl: [29],
    compatible: { auditArchitecture: 0x40000028, ioctl: 54 }, // arm
  },
};

/** Requests that put characters into a terminal's input, or a console's (ioctl_tty(2)). */
const TIOCSTI = 0x5412, TIOCLINUX = 0x541c;

// Offsets in struct seccomp_data; of arguments the low half comes first.
const NR = 0, ARCH = 4, FIRST_ARGUMENT = 16, SECOND_ARGUMENT = 24;

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = 1;

/** What a container's filter does besides refusing to type into terminals. */
export interface FilterOptions {
  /** Whether changes of ownership and identity succeed without effect. */
  readonly fakeOwnership: boolean;
}

/**
 * The seccomp(2) filter of a container, as `struct sock_filter[]`.
 *
 * Input can be put into a terminal by every process that has it: a container's could type commands
 * for the shell that it was started from. Those requests fail with EPERM. The kernel looks at the
 * low half of a request only, and so does the filter.
 *
 * With a single id mapped, changes of ownership and identity could only fail, and package managers
 * insist on them.
 */
export function containerFilter(
  architecture: Architecture,
  { fakeOwnership }: FilterOptions,
): Uint8Array<ArrayBuffer> {
  const { auditArchitecture, faked, fakedUnlessQuery, ioctl, compatible } = FILTERED[architecture];
  const fakes = fakeOwnership ? faked : [];
  const queries = fakeOwnership ? fakedUnlessQuery : [];
  return assemble([
    load(ARCH),
    unless(auditArchitecture, "other architecture"),
    load(NR),
    ...ioctl.map((number) => when(number, "ioctl")),
    ...fakes.map((number) => when(number, "fake")),
    ...queries.map((number) => when(number, "query")),
    label("allow"),
    result(ALLOW),
    label("ioctl"),
    load(SECOND_ARGUMENT),
    when(TIOCSTI, "refuse"),
    unless(TIOCLINUX, "allowed request"),
    label("refuse"),
    result(ERRNO | EPERM),
    label("allowed request"),
    result(ALLOW),
    label("other architecture"),
    unless(compatible.auditArchitecture, "allowed architecture"),
    load(NR),
    when(compatible.ioctl, "compatible ioctl"),
    label("allowed architecture"),
    result(ALLOW),
    label("compatible ioctl"),
    load(SECOND_ARGUMENT),
    when(TIOCSTI, "refuse compatible"),
    unless(TIOCLINUX, "allowed compatible"),
    label("refuse compatible"),
    result(ERRNO | EPERM),
    label("allowed compatible"),
    result(ALLOW),
    label("query"),
    load(FIRST_ARGUMENT),
    unless(0xffffffff, "fake"),
    result(ALLOW),
    label("fake"),
    result(ERRNO),
  ]);
}

/** An instruction of classic BPF whose jumps, forward only, go to labels; or such a label. */
type Instruction =
  | { kind: "label"; name: string }
  | { kind: "plain"; code: number; operand: number }
  | { kind: "jump"; operand: number; target: string; unless: boolean };

const label = (name: string): Instruction => ({ kind: "label", name });
const load = (operand: number): Instruction => ({ kind: "plain", code: 0x20, operand });
const result = (operand: number): Instruction => ({ kind: "plain", code: 0x06, operand });
const when = (operand: number, target: string): Instruction => ({
  kind: "jump",
  ...{ operand, target, unless: false },
});
const unless = (operand: number, target: string): Instruction => ({
  kind: "jump",
  ...{ operand, target, unless: true },
});

function assemble(instructions: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const JUMP_IF_EQUAL = 0x15;
  const places = new Map<string, number>();
  let length = 0;
  for (const instruction of instructions) {
    if (instruction.kind === "label") places.set(instruction.name, length);
    else length++;
  }
  const bytes = new Uint8Array(length * 8);
  const view = new DataView(bytes.buffer);
  let index = 0;
  for (const instruction of instructions) {
    if (instruction.kind === "label") continue;
    const at = index++ * 8;
    view.setUint32(at + 4, instruction.operand, true);
    if (instruction.kind === "plain") {
      view.setUint16(at, instruction.code, true);
      continue;
    }
    view.setUint16(at, JUMP_IF_EQUAL, true);
    const distance = (places.get(instruction.target) ?? -1) - index;
    view.setUint8(at + (instruction.unless ? 3 : 2), distance);
  }
  return bytes;
}

/**
 * Rows that install {@link containerFilter}, with the speculation mitigations that a filter switches
 * on left off.
 */
export function containerFilterRows(options: FilterOptions): Syscall[] {
  const filter: Memory = memory(containerFilter(Deno.build.arch, options));
  const program = { kind: "structure" as const, words: [filter.bytes.length / 8, filter] };
  const failure = "Cannot install the seccomp filter";
  return [
    {
      name: "seccomp",
      arguments: [SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, program],
      failure,
    },
    ...[PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH].map((misfeature): Syscall => ({
      name: "prctl",
      arguments: [PR_SET_SPECULATION_CTRL, misfeature, PR_SPEC_ENABLE, 0, 0],
      ignoreError: true,
    })),
  ];
}
