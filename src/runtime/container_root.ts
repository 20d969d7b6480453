import type { ByteString } from "../bytes/mod.ts";
import {
  changeDirectory,
  isSyscallError,
  MNT_DETACH,
  mount,
  MS,
  O,
  pivotRoot,
  remountBind,
  unmount,
} from "../linux/mod.ts";
import type { RootDirectory } from "./root_directory.ts";

/** Makes the root file system a mount of its own, as pivot_root(2) wants it. @throws {SyscallError} */
export function bindRoot(rootfs: ByteString): void {
  mount({ source: rootfs, target: rootfs, flags: MS.BIND | MS.REC });
  remountBind(rootfs, MS.NOSUID | MS.NODEV);
  mount({ source: null, target: rootfs, flags: MS.SLAVE });
}

/** Makes the root read-only, if it is to be, and the files of ours that lie in it. @throws {SyscallError} */
export function sealRoot(
  rootfs: ByteString,
  { root, writable }: { root: RootDirectory; writable: boolean },
): void {
  if (!writable) remountBind(rootfs, MS.NOSUID | MS.NODEV | MS.RDONLY);
  for (const name of ["/.enroot", "/.lock"]) {
    try {
      bindReadOnly(root, name);
    } catch (error) {
      if (!isSyscallError(error, "ENOENT")) throw error;
    }
  }
}

/** Switches to the new root, and leaves nothing of the old one reachable. @throws {SyscallError} */
export function switchRoot(rootfs: ByteString): void {
  changeDirectory(rootfs);
  // With both places the same, the old root lies on top of the new one until it is detached.
  pivotRoot(".", ".");
  unmount(".", MNT_DETACH);
  changeDirectory("/");
}

function bindReadOnly(root: RootDirectory, path: ByteString): void {
  {
    using file = root.open(path, O.PATH | O.NOFOLLOW);
    const here = `/proc/self/fd/${file.fd}`;
    mount({ source: here, target: here, flags: MS.BIND });
  }
  using mounted = root.open(path, O.PATH | O.NOFOLLOW);
  remountBind(`/proc/self/fd/${mounted.fd}`, MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC);
}
