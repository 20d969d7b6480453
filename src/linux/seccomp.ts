import { type Memory, memory, type Syscall } from "./syscall_image.ts";
import type { Architecture } from "./syscall_numbers.ts";

const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;
const PR_SET_SPECULATION_CTRL = 53;
const PR_SPEC_STORE_BYPASS = 0;
const PR_SPEC_INDIRECT_BRANCH = 1;
const PR_SPEC_ENABLE = 2;

/** What the filter knows of an architecture: its AUDIT_ARCH number and system call numbers. */
interface FilteredCalls {
  auditArchitecture: number;
  /** Calls that succeed without effect. */
  faked: number[];
  /** Calls that succeed without effect unless their argument is -1, which asks for the value. */
  fakedUnlessQuery: number[];
}

const FILTERED: Record<Architecture, FilteredCalls> = {
  x86_64: {
    auditArchitecture: 0xc000003e,
    // chown fchown lchown fchownat setuid setgid setreuid setregid setgroups setresuid setresgid
    faked: [92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119],
    fakedUnlessQuery: [122, 123], // setfsuid setfsgid
  },
  aarch64: {
    auditArchitecture: 0xc00000b7,
    // fchownat fchown setregid setgid setreuid setuid setresuid setresgid setgroups
    faked: [54, 55, 143, 144, 145, 146, 147, 149, 159],
    fakedUnlessQuery: [151, 152], // setfsuid setfsgid
  },
};

/**
 * The seccomp(2) filter, as `struct sock_filter[]`, that makes changes of ownership and identity
 * succeed without effect: with a single id mapped they could only fail, and package managers insist
 * on them.
 */
export function ownershipFilter(architecture: Architecture): Uint8Array<ArrayBuffer> {
  const { auditArchitecture, faked, fakedUnlessQuery } = FILTERED[architecture];
  const LOAD = 0x20, JUMP_IF_EQUAL = 0x15, RETURN = 0x06;
  const ALLOW = 0x7fff0000, ERRNO_0 = 0x00050000;
  const NR = 0, ARCH = 4, FIRST_ARGUMENT = 16;
  const calls = faked.length + fakedUnlessQuery.length;
  // Layout: arch check (2), load nr (1), comparisons, allow, query check (2), fake.
  const allow = 3 + calls;
  const query = allow + 1;
  const fake = query + 3;
  const code: [number, number, number, number][] = [
    [LOAD, 0, 0, ARCH],
    [JUMP_IF_EQUAL, 0, allow - 2, auditArchitecture],
    [LOAD, 0, 0, NR],
  ];
  for (const number of faked) code.push([JUMP_IF_EQUAL, fake - code.length - 1, 0, number]);
  for (const number of fakedUnlessQuery) {
    code.push([JUMP_IF_EQUAL, query - code.length - 1, 0, number]);
  }
  code.push([RETURN, 0, 0, ALLOW]);
  code.push([LOAD, 0, 0, FIRST_ARGUMENT]);
  code.push([JUMP_IF_EQUAL, 0, 1, 0xffffffff]);
  code.push([RETURN, 0, 0, ALLOW]);
  code.push([RETURN, 0, 0, ERRNO_0]);

  const bytes = new Uint8Array(code.length * 8);
  const view = new DataView(bytes.buffer);
  code.forEach(([operation, whenTrue, whenFalse, operand], index) => {
    view.setUint16(index * 8, operation, true);
    view.setUint8(index * 8 + 2, whenTrue);
    view.setUint8(index * 8 + 3, whenFalse);
    view.setUint32(index * 8 + 4, operand, true);
  });
  return bytes;
}

/**
 * Rows that install {@link ownershipFilter}, with the speculation mitigations that a filter switches
 * on left off.
 */
export function ownershipFilterRows(): Syscall[] {
  const filter: Memory = memory(ownershipFilter(Deno.build.arch));
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
