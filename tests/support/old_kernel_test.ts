import { assertEquals } from "@std/assert";
import type { SyscallName } from "../../src/linux/call/syscall_numbers.ts";
import { type Kernel, onKernel } from "./old_kernel.ts";
import { syscallProgram, writeExecutable } from "./syscall_program.ts";
import { makeTemporaryDirectory } from "./temp.ts";

/** Runs a program that makes one system call and ends; gives what it says of the call's failure. */
function failureOf(name: SyscallName, kernel: Kernel): string {
  using directory = makeTemporaryDirectory();
  const [command, old] = [`${directory.path}/call`, `${directory.path}/old`];
  const call = { name, arguments: [-1, 0, 0, 0, 0], failure: name };
  writeExecutable(command, syscallProgram([call, { name: "exit_group", arguments: [0] }]));
  writeExecutable(old, onKernel(kernel, { command, args: [], env: {} }));
  const { stderr } = new Deno.Command(old).outputSync();
  return new TextDecoder().decode(stderr);
}

Deno.test("onKernel() refuses calls that came later, and no others", () => {
  for (const newer of ["openat2", "close_range"] as const) {
    assertEquals(failureOf(newer, "4.18"), `${newer}: Function not implemented\n`);
  }
  assertEquals(failureOf("fchdir", "4.18"), "fchdir: Bad file descriptor\n");
});

Deno.test("onKernel() refuses the calls that it is told, and no others", () => {
  const kernel = { refuses: ["fchdir", "flock"] } as const;
  for (const refused of kernel.refuses) {
    assertEquals(failureOf(refused, kernel), `${refused}: Operation not permitted\n`);
  }
  assertEquals(failureOf("ioctl", kernel), "ioctl: Bad file descriptor\n");
});
