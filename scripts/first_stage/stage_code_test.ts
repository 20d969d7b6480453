/** The first stage at work, before a program that says what it was given. */
import { assertEquals } from "@std/assert";
import { ASSEMBLERS } from "../../tests/support/assembler.ts";
import { type ProgramName, requiring } from "../../tests/support/requires.ts";
import { inTemporaryDirectory } from "../../tests/support/temp.ts";
import { withFirstStage } from "./install.ts";
import type { StageArchitecture } from "./stage_code.ts";
import { withProgramData } from "./test_executable.ts";

/** Prints its arguments and the first variable of its environment, a line each. */
const PROGRAMS: Readonly<Record<StageArchitecture, string>> = {
  x86_64: `
.intel_syntax noprefix
.globl _start
_start: lea     rbx, [rsp+8]
        mov     r12d, 2                 # arguments, then the environment
next:   mov     rsi, [rbx]
        add     rbx, 8
        test    rsi, rsi
        jnz     print
        mov     r12d, 1
        mov     rsi, [rbx]
        test    rsi, rsi
        jz      done
print:  xor     edx, edx
count:  inc     rdx
        cmp     byte ptr [rsi+rdx-1], 0
        jne     count
        dec     rdx
        mov     edi, 1
        mov     eax, 1
        syscall
        lea     rsi, [rip+line]
        mov     edx, 1
        mov     eax, 1
        syscall
        cmp     r12d, 1
        jne     next
done:   xor     edi, edi
        mov     eax, 231
        syscall
line:   .ascii "\\n"
`,
  aarch64: `
.globl _start
_start: add     x19, sp, #8
        mov     x20, #2
next:   ldr     x1, [x19], #8
        cbnz    x1, print
        mov     x20, #1
        ldr     x1, [x19]
        cbz     x1, done
print:  mov     x2, #0
count:  ldrb    w9, [x1, x2]
        add     x2, x2, #1
        cbnz    w9, count
        sub     x2, x2, #1
        mov     x0, #1
        mov     x8, #64
        svc     #0
        adr     x1, line
        mov     x2, #1
        mov     x0, #1
        mov     x8, #64
        svc     #0
        cmp     x20, #1
        b.ne    next
done:   mov     x0, #0
        mov     x8, #94
        svc     #0
line:   .ascii "\\n"
`,
};

const LINKERS = { x86_64: "ld", aarch64: "aarch64-linux-gnu-ld" } as const;
const NOTHING = "f".repeat(16);

for (const architecture of ["x86_64", "aarch64"] as const) {
  const { assembler: [assembler] } = ASSEMBLERS[architecture];
  const emulator: ProgramName[] = architecture === Deno.build.arch
    ? []
    : [`qemu-${architecture}-static`];
  const programs = [assembler, LINKERS[architecture], ...emulator];
  const stageTest = (name: string, fn: (program: string) => void) =>
    Deno.test({
      ...requiring({ programs }, `the first stage for ${architecture} ${name}`),
      fn: () => inTemporaryDirectory((directory) => fn(makeProgram(architecture, directory))),
    });
  /** Runs a shell script in which `p` is the program. */
  const run = (program: string, script: string) => {
    const words = [...emulator, program].map((word) => `'${word}'`).join(" ");
    const { code, stdout, stderr } = new Deno.Command("/bin/sh", {
      args: ["-c", `p() { ${words} "$@"; }\n${script}`],
      env: { FIRST: "1" },
      clearEnv: true,
      cwd: program.replace(/\/[^/]*$/, ""),
    }).outputSync();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, lines: decode(stdout).split("\n").slice(0, -1), stderr: decode(stderr) };
  };

  stageTest("leaves a program alone that has all it needs", (program) => {
    const { code, lines, stderr } = run(program, "p one '' 'two words'");
    assertEquals([code, stderr], [0, ""]);
    assertEquals(lines.slice(0, -1), [program, "one", "", "two words"]);
    assertEquals(lines.at(-1)?.includes("="), true);
  });

  stageTest("hides arguments that are more than ASCII", (program) => {
    for (const word of ["J\\366rg", "\\303\\274", "x\\200"]) {
      const { code, lines, stderr } = run(program, `p one "$(printf '${word}')" two`);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(lines.slice(0, 2), ["enroot", `enroot-first-stage:${NOTHING.repeat(4)}`]);
      assertEquals(lines.length, 3);
      assertEquals(lines[2]?.includes("="), true);
    }
  });

  stageTest("keeps a deleted working directory open", (program) => {
    const { code, lines, stderr } = run(program, "mkdir d && cd d && rmdir ../d && p");
    assertEquals([code, stderr], [0, ""]);
    const [, descriptor = ""] =
      new RegExp(`^enroot-first-stage:${NOTHING.repeat(3)}([0-9a-f]{16})$`)
        .exec(lines[1] ?? "") ?? [];
    assertEquals(Number.parseInt(descriptor, 16) > 2, true, lines.join("\n"));
  });

  stageTest("says in one line that the runtime could not read the executable", (program) => {
    const unreadable = {
      ...{ code: 1, lines: [] },
      stderr: "[ERROR] Cannot read this program: its file must be where it was, readable, " +
        "and its path UTF-8\n",
    };
    const words = (path: string) => [...emulator, path].join(" ");
    for (const name of ["J\\366rg", "J\\303", "\\300\\257", "\\370\\200\\200\\200\\200"]) {
      const script = `n="$(printf '${name}')"; cp program "$n"; ${words('"./$n"')}`;
      assertEquals(run(program, script), unreadable);
    }
    const { code, stderr } = run(program, `cp program Jörg日本😀; ${words("./Jörg日本😀")}`);
    assertEquals([code, stderr], [0, ""]);
    // An emulator shows its own path.
    if (emulator.length > 0) return;
    const deleted = "cp program copy; exec 3< copy; rm copy; /proc/self/fd/3";
    assertEquals(run(program, deleted), unreadable);
  });

  // An emulator sets no limits for what it runs.
  if (emulator.length > 0) continue;
  stageTest("raises low limits where it may, and says what they were", (program) => {
    const script = "ulimit -S -v 1048576; ulimit -S -d 2048; ulimit -S -s 1024; p";
    const { code, lines, stderr } = run(program, script);
    assertEquals([code, stderr], [0, ""]);
    const limits = [1048576, 2048, 1024].map((kib) => (kib * 1024).toString(16).padStart(16, "0"));
    assertEquals(lines[1], `enroot-first-stage:${limits.join("")}${NOTHING}`);
  });

  stageTest("says in one line which limit is too low", (program) => {
    for (
      const [limit, line] of [
        [
          "-v 1048576",
          "Not enough address space: the hard limit (ulimit -H -v) must be 52428800 KiB or more, " +
          "best unlimited; in Slurm, set VSizeFactor=0",
        ],
        [
          "-d 2048",
          "Not enough room for data: the hard limit (ulimit -H -d) must be 655360 KiB or more, " +
          "best unlimited",
        ],
        [
          "-s 128",
          "Not enough stack: the hard limit (ulimit -H -s) must be 256 KiB or more, best unlimited",
        ],
      ] as const
    ) {
      assertEquals(run(program, `ulimit ${limit}; p`), {
        ...{ code: 1, lines: [] },
        stderr: `[ERROR] ${line}\n`,
      });
    }
  });
}

/** Assembles and links a position independent program, as if it were one of `deno compile`. */
function makeProgram(architecture: StageArchitecture, directory: string): string {
  const path = (name: string) => `${directory}/${name}`;
  const run = ([command, ...args]: readonly [string, ...string[]]) => {
    const { success, stderr } = new Deno.Command(command, { args }).outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  };
  Deno.writeTextFileSync(path("program.s"), PROGRAMS[architecture]);
  const { assembler } = ASSEMBLERS[architecture];
  run([...assembler, path("program.s"), "-o", path("program.o")]);
  run([
    LINKERS[architecture],
    ...["-pie", "--no-dynamic-linker", "--build-id=sha1"],
    ...[path("program.o"), "-o", path("linked")],
  ]);
  const executable = withProgramData(Deno.readFileSync(path("linked")), "data");
  Deno.writeFileSync(path("program"), withFirstStage(executable), { mode: 0o755 });
  return path("program");
}
