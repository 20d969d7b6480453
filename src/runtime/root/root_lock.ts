import { EnrootError, logWarning } from "../../diagnostics/mod.ts";
import { isSyscallError, O, type OwnedFd, SyscallError, tryLock } from "../../linux/mod.ts";
import type { RootDirectory } from "./root_directory.ts";

const TIMEOUT_MS = 30_000;
const POLL_MS = 5;

/**
 * Waits until no other process prepares this root file system, and keeps others out as long as the
 * returned descriptor is open. Hooks write files in there.
 *
 * Not every network file system has locks: there the start goes on, with a warning.
 *
 * @throws {EnrootError} after 30 s
 */
export function lockRoot(root: RootDirectory): OwnedFd {
  const file = openLockFile(root);
  const deadline = performance.now() + TIMEOUT_MS;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!isLocked(file.fd)) {
    if (performance.now() > deadline) {
      file[Symbol.dispose]();
      throw new EnrootError("Cannot lock the root file system: others hold it for 30 seconds");
    }
    Atomics.wait(pause, 0, 0, POLL_MS);
  }
  return file;
}

/** @returns false while another process has the lock */
function isLocked(fd: number): boolean {
  try {
    return tryLock(fd);
  } catch (error) {
    if (isSyscallError(error, "EINTR")) return false;
    if (!(error instanceof SyscallError)) throw error;
    logWarning(
      `Cannot lock the root file system (${error.reason}): ` +
        "do not start this container several times at once",
    );
    return true;
  }
}

function openLockFile(root: RootDirectory): OwnedFd {
  try {
    root.makeFile("/.lock")[Symbol.dispose]();
    return root.open("/.lock", O.RDWR | O.NOFOLLOW);
  } catch (error) {
    if (isSyscallError(error, "EEXIST")) return openLockFile(root); // Another start was faster.
    if (!(error instanceof SyscallError)) throw error;
    throw new EnrootError(`Cannot lock the root file system: ${error.reason}`, { cause: error });
  }
}
