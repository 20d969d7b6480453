import { check, cString, libc } from "./libc.ts";

const symbols = libc({
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
});

const MFD_CLOEXEC = 1;

/**
 * Makes a file that lives in memory and has no name (memfd_create(2)).
 *
 * @param options.inherit whether programs that are executed keep the descriptor
 * @returns the descriptor
 * @throws {SyscallError}
 */
export function anonymousFile(label: string, { inherit }: { inherit: boolean }): number {
  const flags = inherit ? 0 : MFD_CLOEXEC;
  return check(symbols().memfd_create(cString(label), flags), "memfd_create");
}
