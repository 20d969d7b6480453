/**
 * Other kernels than this one: programs that run under a seccomp(2) filter which refuses system
 * calls, those that an old kernel does not have, or those that a policy forbids.
 *
 * What a filter cannot see stays as it is: flags of newer kernels, and which file systems an
 * ordinary user may mount.
 */
import { byteStringFromText } from "../../src/bytes/mod.ts";
import { memory, pointers, type Syscall, text } from "../../src/linux/table/syscall_image.ts";
import { type SyscallName, syscallNumber } from "../../src/linux/call/syscall_numbers.ts";
import { syscallProgram } from "./syscall_program.ts";

/** A kernel by its version, whose lack of calls shows as ENOSYS; or one that refuses calls (EPERM). */
export type Kernel = "4.18" | { readonly refuses: readonly SyscallName[] };

/** The last number that Linux 4.18 has (rseq), in asm/unistd_64.h and asm-generic/unistd.h. */
const LAST_CALL = { x86_64: 334, aarch64: 293 }[Deno.build.arch];

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const EPERM = 1, ENOSYS = 38;

/** A program and its environment, as execve(2) takes them. */
export interface Execution {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** The bytes of an executable that goes on as another program, on what looks like such a kernel. */
export function onKernel(
  kernel: Kernel,
  { command, args, env }: Execution,
): Uint8Array<ArrayBuffer> {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const filter = memory(filterOf(kernel));
  const calls: Syscall[] = [
    {
      name: "prctl",
      arguments: [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0],
      failure: "Cannot set no_new_privs",
    },
    {
      name: "seccomp",
      arguments: [SECCOMP_SET_MODE_FILTER, 0, {
        kind: "structure",
        words: [filter.bytes.length / 8, filter],
      }],
      failure: "Cannot install the filter",
    },
    {
      name: "execve",
      arguments: [
        text(byteStringFromText(command)),
        pointers([command, ...args].map(byteStringFromText)),
        pointers(variables.map(byteStringFromText)),
      ],
      failure: `Cannot execute ${byteStringFromText(command)}`,
    },
  ];
  return syscallProgram(calls, "old kernel: ");
}

/** `struct sock_filter[]` */
function filterOf(kernel: Kernel): Uint8Array<ArrayBuffer> {
  const LOAD = 0x20, JUMP_IF_GREATER = 0x25, JUMP_IF_EQUAL = 0x15, RETURN = 0x06;
  const ALLOW = 0x7fff0000, ERRNO = 0x00050000;
  const NR = 0;
  const [jump, numbers, errno] = kernel === "4.18" ? [JUMP_IF_GREATER, [LAST_CALL], ENOSYS] : [
    JUMP_IF_EQUAL,
    kernel.refuses.map((name) => syscallNumber(name, Deno.build.arch)),
    EPERM,
  ];
  const code = [
    [LOAD, 0, 0, NR],
    ...numbers.map((number, index) => [jump, numbers.length - index, 0, number]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO | errno],
  ];
  const bytes = new Uint8Array(code.length * 8);
  const view = new DataView(bytes.buffer);
  code.forEach(([operation = 0, whenTrue = 0, whenFalse = 0, operand = 0], index) => {
    view.setUint16(index * 8, operation, true);
    view.setUint8(index * 8 + 2, whenTrue);
    view.setUint8(index * 8 + 3, whenFalse);
    view.setUint32(index * 8 + 4, operand, true);
  });
  return bytes;
}
