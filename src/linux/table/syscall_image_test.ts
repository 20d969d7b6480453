import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Needs, type ProgramName, requiring } from "../../../tests/support/requires.ts";
import { CODE_AARCH64, LISTING_AARCH64 } from "./interpreter_aarch64.ts";
import { CODE_X86_64, LISTING_X86_64 } from "./interpreter_x86_64.ts";
import { memory, pointers, resultOf, type Syscall, syscallImage, text } from "./syscall_image.ts";
import type { Architecture } from "../call/syscall_numbers.ts";
import { assembled, ASSEMBLERS } from "../../../tests/support/assembler.ts";

const REPORT = { prefix: "[ERROR] ", suffix: " (remedy)\n" };
const RUNNERS: Readonly<Record<Architecture, readonly ProgramName[]>> = {
  x86_64: [],
  aarch64: ["qemu-aarch64-static"],
};

/** Writes the image to a file and runs it, under an emulator where that is needed. */
function run(architecture: Architecture, table: Syscall[]) {
  const { code, data, dataOffset } = syscallImage(table, { architecture, report: REPORT });
  const path = Deno.makeTempFileSync({ dir: "/var/tmp" });
  try {
    const image = new Uint8Array(dataOffset + data.length);
    image.set(code);
    image.set(data, dataOffset);
    Deno.writeFileSync(path, image);
    Deno.chmodSync(path, 0o700);
    const runner = architecture === Deno.build.arch ? [] : RUNNERS[architecture];
    const [program = "", ...args] = [...runner, path];
    const output = new Deno.Command(program, { args }).outputSync();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { ...output, stdout: decode(output.stdout), stderr: decode(output.stderr) };
  } finally {
    Deno.removeSync(path);
  }
}

const sh = (script: string, environment: string[] = []): Syscall => ({
  name: "execve",
  arguments: [text("/bin/sh"), pointers(["sh", "-c", script]), pointers(environment)],
  failure: "Cannot execute sh",
});

const CASES: [Architecture, string, string][] = [
  ["x86_64", LISTING_X86_64, CODE_X86_64],
  ["aarch64", LISTING_AARCH64, CODE_AARCH64],
];
for (const [architecture, listing, code] of CASES) {
  const { assembler: [assembler] } = ASSEMBLERS[architecture];
  Deno.test({
    ...requiring(
      { programs: [assembler] },
      `syscallImage() has the ${architecture} code of its listing`,
    ),
    fn: () => assertEquals(assembled(architecture, listing), code),
  });

  const runners = RUNNERS[architecture];
  const needs: Needs = architecture === Deno.build.arch
    ? {}
    : runners.length > 0
    ? { programs: runners }
    : { other: `no emulator of ${architecture}` };
  const test = (name: string, fn: () => void) =>
    Deno.test({ ...requiring(needs, `syscallImage() on ${architecture} ${name}`), fn });

  test("runs its rows in order and passes results on", () => {
    const hello = memory(new TextEncoder().encode("hello\n"));
    const duplicate: Syscall = { name: "dup3", arguments: [1, 9, 0], failure: "Cannot dup" };
    const { code, stdout } = run(architecture, [
      duplicate,
      { name: "write", arguments: [resultOf(duplicate), hello, 6], failure: "Cannot write" },
      { name: "exit_group", arguments: [3] },
    ]);
    assertEquals({ code, stdout }, { code: 3, stdout: "hello\n" });
  });

  test("ends with one line that says what failed and why", () => {
    const { code, stderr, stdout } = run(architecture, [
      { name: "openat", arguments: [-100, text("/nonexistent/x"), 0, 0], failure: "Cannot open x" },
      { name: "exit_group", arguments: [0] },
    ]);
    assertEquals(stderr, "[ERROR] Cannot open x: No such file or directory (remedy)\n");
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
  });

  test("goes on where errors are ignored", () => {
    const { code } = run(architecture, [
      { name: "openat", arguments: [-100, text("/nonexistent/x"), 0, 0], ignoreError: true },
      { name: "exit_group", arguments: [4] },
    ]);
    assertEquals(code, 4);
  });

  test("branches on a result of zero", () => {
    const last: Syscall = { name: "exit_group", arguments: [5] };
    const { code } = run(architecture, [
      { name: "prctl", arguments: [3, 0, 0, 0, 0], failure: "dumpable" }, // 1: no branch
      { name: "close_range", arguments: [100, 200, 0], failure: "close", onZero: last },
      { name: "exit_group", arguments: [6] },
      last,
    ]);
    assertEquals(code, 5);
  });
}

Deno.test({
  name: "syscallImage() executes a program with its arguments and environment",
  fn: () => {
    const { code, stdout } = run(Deno.build.arch, [sh('echo "$A $#"; exit 7', ["A=b c"])]);
    assertEquals({ code, stdout }, { code: 7, stdout: "b c 0\n" });
  },
});

Deno.test("syscallImage() shows in messages what a terminal would obey", () => {
  const failure = "Cannot enter /a\x1b[2J\xc2\x9b\xff";
  const { stderr } = run(Deno.build.arch, [
    { name: "openat", arguments: [-100, text("/nonexistent/x"), 0, 0], failure },
  ]);
  assertStringIncludes(stderr, "Cannot enter /a\\x1b[2J\\xc2\\x9b\\xff: No such file");
});

Deno.test("syscallImage() refuses a branch to a row it does not have", () => {
  const elsewhere: Syscall = { name: "exit_group", arguments: [0] };
  const table: Syscall[] = [{ name: "setsid", arguments: [], onZero: elsewhere }];
  const error = assertThrows(() => syscallImage(table, { architecture: "x86_64", report: REPORT }));
  assertStringIncludes(error.message, "exit_group is not in the table");
});
