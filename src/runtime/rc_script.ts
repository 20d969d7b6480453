import { bytesOf, type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  anonymousFile,
  AT,
  inheritOnExec,
  isSyscallError,
  O,
  openat,
  pwrite,
  SyscallError,
} from "../linux/mod.ts";

/**
 * Opens a script of the host so that the container's shell can read it, wherever the root is by
 * then.
 *
 * @returns the path that means the inherited descriptor; null when there is no script
 * @throws {EnrootError}
 */
export function openRcFile(path: ByteString | null): string | null {
  if (path === null) return null;
  try {
    const fd = openat(AT.FDCWD, path, { flags: O.RDONLY });
    inheritOnExec(fd);
    return `/proc/self/fd/${fd}`;
  } catch (error) {
    const shown = textFromByteString(path);
    if (isSyscallError(error, "ENOENT")) {
      throw new EnrootError(`No such file or directory: ${shown}`, { cause: error });
    }
    if (!(error instanceof SyscallError)) throw error;
    throw new EnrootError(`Cannot open ${shown}: ${error.reason}`, { cause: error });
  }
}

/** The path of a script that lives in memory, and only as long as the container's shell reads it. */
export function inheritedScript(text: ByteString): string {
  const fd = anonymousFile("rc", { inherit: true });
  pwrite(fd, bytesOf(text), { offset: 0 });
  return `/proc/self/fd/${fd}`;
}
