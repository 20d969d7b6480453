import { cString } from "../call/libc.ts";
import { rawSyscall } from "../call/raw_syscall.ts";
import { AT, O, openat } from "./files.ts";
import { isSyscallError, SyscallError } from "../call/syscall_error.ts";

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
 * Makes a file that has no name: in memory, or where the kernel refuses that, in a directory that
 * everybody may write to.
 *
 * @returns the descriptor
 * @throws {SyscallError} memfd_create's, where there is no such file to be had
 */
export function anonymousFile(
  label: string,
  options: Pick<AnonymousFileOptions, "inherit">,
): number {
  try {
    return memoryFile(label, options);
  } catch (error) {
    // A seccomp filter around us, such as a container's.
    if (!isSyscallError(error, "ENOSYS", "EPERM", "EACCES")) throw error;
    for (const directory of ["/dev/shm", "/tmp", "/var/tmp"]) {
      try {
        return fileWithoutName(directory, options);
      } catch (other) {
        if (!(other instanceof SyscallError)) throw other;
      }
    }
    throw error;
  }
}

/**
 * Makes a file that lives in memory and has no name (memfd_create(2)).
 *
 * @returns the descriptor
 * @throws {SyscallError} EACCES where no such file may be executed (sysctl vm.memfd_noexec)
 */
export function memoryFile(
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

/**
 * Makes a file without a name in a directory (open(2), O_TMPFILE) that its owner may read, write and
 * execute.
 *
 * @returns the descriptor
 * @throws {SyscallError} EOPNOTSUPP and others where the file system has no such files
 */
export function fileWithoutName(
  directory: string,
  { inherit }: Pick<AnonymousFileOptions, "inherit"> = { inherit: false },
): number {
  const fd = openat(AT.FDCWD, directory, { flags: O.RDWR | O.TMPFILE, mode: 0o700 });
  const F_SETFD = 2;
  if (inherit) rawSyscall("fcntl", [fd, F_SETFD, 0]);
  return fd;
}
