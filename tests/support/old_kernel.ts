/**
 * A stand-in for an old kernel: programs that run under a seccomp(2) filter which refuses every
 * system call that the kernel of that version does not have, with the error that it gives then.
 *
 * What a filter cannot see stays as it is: flags of newer kernels, and which file systems an
 * ordinary user may mount.
 */
import { byteStringFromText } from "../../src/bytes/mod.ts";
import { memory, pointers, type Syscall, text } from "../../src/linux/syscall_image.ts";
import { syscallProgram } from "./syscall_program.ts";

/** The last number that Linux 4.18 has (rseq), in asm/unistd_64.h and asm-generic/unistd.h. */
const LAST_CALL = { x86_64: 334, aarch64: 293 }[Deno.build.arch];

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;

/** A program and its environment, as execve(2) takes them. */
export interface Execution {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** The bytes of an executable that goes on as another program, on what looks like Linux 4.18. */
export function onLinux418({ command, args, env }: Execution): Uint8Array<ArrayBuffer> {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const filter = memory(filterAbove(LAST_CALL));
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

/** `struct sock_filter[]`: calls of a higher number fail with ENOSYS. */
function filterAbove(last: number): Uint8Array<ArrayBuffer> {
  const LOAD = 0x20, JUMP_IF_GREATER = 0x25, RETURN = 0x06;
  const ALLOW = 0x7fff0000, ERRNO_ENOSYS = 0x00050000 | 38;
  const NR = 0;
  const code = [
    [LOAD, 0, 0, NR],
    [JUMP_IF_GREATER, 0, 1, last],
    [RETURN, 0, 0, ERRNO_ENOSYS],
    [RETURN, 0, 0, ALLOW],
  ] as const;
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
