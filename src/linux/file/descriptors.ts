import { rawSyscall } from "../call/raw_syscall.ts";
import { readDirectory } from "./directory_entries.ts";
import { AT, close, O, openat } from "./files.ts";
import { isSyscallError } from "../call/syscall_error.ts";

/** Whether the kernel has close_range(2): since Linux 5.9. */
export function hasCloseRange(): boolean {
  const NONE = 0xffff_ffff;
  try {
    rawSyscall("close_range", [NONE, NONE, 0]);
    return true;
  } catch (error) {
    if (isSyscallError(error, "ENOSYS", "EPERM")) return false;
    throw error;
  }
}

/** The descriptors that are open in this process (proc(5), /proc/self/fd), by number. */
export function openDescriptors(): number[] {
  const directory = openat(AT.FDCWD, "/proc/self/fd", { flags: O.RDONLY | O.DIRECTORY });
  try {
    return readDirectory(directory).map(({ name }) => Number(name))
      .filter((fd) => Number.isInteger(fd) && fd !== directory)
      .sort((one, other) => one - other);
  } finally {
    close(directory);
  }
}
