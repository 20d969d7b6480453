import { cString } from "./libc.ts";
import { rawSyscall } from "./raw_syscall.ts";
import { isSyscallError } from "./syscall_error.ts";

const MFD_CLOEXEC = 1;
const MFD_EXEC = 0x10;

/** What a file in memory is for. */
export interface AnonymousFileOptions {
  /** Whether programs that are executed keep the descriptor. */
  inherit: boolean;
  /** Whether the file itself is to be executed. */
  executable?: boolean;
}

/**
 * Makes a file that lives in memory and has no name (memfd_create(2)).
 *
 * @returns the descriptor
 * @throws {SyscallError} EACCES where no such file may be executed (sysctl vm.memfd_noexec)
 */
export function anonymousFile(
  label: string,
  { inherit, executable = false }: AnonymousFileOptions,
): number {
  const flags = inherit ? 0 : MFD_CLOEXEC;
  const create = (more: number) => rawSyscall("memfd_create", [cString(label), flags | more]);
  if (!executable) return create(0);
  try {
    return create(MFD_EXEC);
  } catch (error) {
    if (!isSyscallError(error, "EINVAL")) throw error;
    return create(0); // Before Linux 6.3 all of them can be executed.
  }
}
