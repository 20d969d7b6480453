import { type Syscall, syscallImage } from "../../src/linux/table/syscall_image.ts";

/**
 * The bytes of an executable that makes system calls one after the other and needs nothing of the
 * system that it runs on. A call that fails ends it: exit code 1 and a line `FAILURE: REASON`.
 */
export function syscallProgram(calls: Syscall[], prefix = ""): Uint8Array<ArrayBuffer> {
  const { code, data, dataOffset } = syscallImage(calls, {
    architecture: Deno.build.arch,
    report: { prefix, suffix: "\n" },
  });
  const file = new Uint8Array(dataOffset + data.length);
  file.set(code, 0);
  file.set(data, dataOffset);
  return file;
}

/** Writes an executable that every user may run. */
export function writeExecutable(path: string, bytes: Uint8Array): void {
  Deno.writeFileSync(path, bytes);
  Deno.chmodSync(path, 0o755);
}
