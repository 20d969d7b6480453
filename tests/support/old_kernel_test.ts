import { assertEquals } from "@std/assert";
import type { SyscallName } from "../../src/linux/syscall_numbers.ts";
import { onLinux418 } from "./old_kernel.ts";
import { syscallProgram, writeExecutable } from "./syscall_program.ts";

/** Runs a program that makes one system call and ends; gives what it says of the call's failure. */
function failureOf(name: SyscallName): string {
  const directory = Deno.makeTempDirSync();
  try {
    const command = `${directory}/call`;
    const call = { name, arguments: [-1, 0, 0, 0, 0], failure: name };
    writeExecutable(command, syscallProgram([call, { name: "exit_group", arguments: [0] }]));
    writeExecutable(`${directory}/old`, onLinux418({ command, args: [], env: {} }));
    const { stderr } = new Deno.Command(`${directory}/old`).outputSync();
    return new TextDecoder().decode(stderr);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("onLinux418() refuses calls that came later, and no others", () => {
  for (const newer of ["openat2", "close_range"] as const) {
    assertEquals(failureOf(newer), `${newer}: Function not implemented\n`);
  }
  assertEquals(failureOf("fchdir"), "fchdir: Bad file descriptor\n");
});
