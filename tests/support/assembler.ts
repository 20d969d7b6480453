import type { ProgramName } from "./requires.ts";
import type { Architecture } from "../../src/linux/call/syscall_numbers.ts";

/** The programs that turn a listing into machine code. */
export const ASSEMBLERS: Readonly<
  Record<Architecture, { assembler: readonly [ProgramName, ...string[]]; objcopy: string }>
> = {
  x86_64: { assembler: ["as", "--64"], objcopy: "objcopy" },
  aarch64: { assembler: ["aarch64-linux-gnu-as"], objcopy: "aarch64-linux-gnu-objcopy" },
};

/** The machine code of a listing, in hexadecimal. */
export function assembled(architecture: Architecture, listing: string): string {
  const directory = Deno.makeTempDirSync();
  try {
    const { assembler: [assembler, ...flags], objcopy } = ASSEMBLERS[architecture];
    Deno.writeTextFileSync(`${directory}/code.s`, listing);
    const run = (program: string, args: string[]) => {
      const { success, stderr } = new Deno.Command(program, { args }).outputSync();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    };
    const [source, object, code] = ["code.s", "code.o", "code.bin"].map((name) =>
      `${directory}/${name}`
    ) as [string, string, string];
    run(assembler, [...flags, source, "-o", object]);
    run(objcopy, ["-O", "binary", "-j", ".text", object, code]);
    return Deno.readFileSync(code).toHex();
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
