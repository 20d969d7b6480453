import { cString } from "./libc.ts";
import { rawSyscall } from "./raw_syscall.ts";

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
  return rawSyscall("memfd_create", [cString(label), flags]);
}
