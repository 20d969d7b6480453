import { assertEquals } from "@std/assert";
import { type Syscall, syscallImage } from "../../src/linux/syscall_image.ts";
import type { SyscallName } from "../../src/linux/syscall_numbers.ts";
import { onLinux418 } from "./old_kernel.ts";

/** Runs a program that makes one system call and ends; gives what it says of the call's failure. */
function failureOf(name: SyscallName): string {
  const calls: Syscall[] = [
    { name, arguments: [-1, 0, 0, 0, 0], failure: name },
    { name: "exit_group", arguments: [0] },
  ];
  const { code, data, dataOffset } = syscallImage(calls, {
    architecture: Deno.build.arch,
    report: { prefix: "", suffix: "\n" },
  });
  const directory = Deno.makeTempDirSync();
  try {
    const write = (name: string, bytes: (path: string) => void) => {
      const path = `${directory}/${name}`;
      bytes(path);
      Deno.chmodSync(path, 0o755);
      return path;
    };
    const command = write("call", (path) => {
      using file = Deno.openSync(path, { create: true, write: true });
      file.writeSync(code);
      file.seekSync(dataOffset, Deno.SeekMode.Start);
      file.writeSync(data);
    });
    const old = write("old", (path) => {
      Deno.writeFileSync(path, onLinux418({ command, args: [], env: {} }));
    });
    return new TextDecoder().decode(new Deno.Command(old).outputSync().stderr);
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
