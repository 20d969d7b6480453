import type { ByteString } from "../../bytes/mod.ts";
import {
  changeDirectory,
  changeRoot,
  isSyscallError,
  MNT_DETACH,
  mount,
  MS,
  O,
  pivotRoot,
  remountBind,
  unmount,
} from "../../linux/mod.ts";
import type { RootDirectory } from "./root_directory.ts";

/** Makes the root file system a mount of its own, as pivot_root(2) wants it. @throws {SyscallError} */
export function bindRootfs(rootfs: ByteString): void {
  mount({ source: rootfs, target: rootfs, flags: MS.BIND | MS.REC });
  remountBind(rootfs, MS.NOSUID | MS.NODEV);
  mount({ source: null, target: rootfs, flags: MS.SLAVE });
}

/** Makes the root read-only, if it is to be, and the files of ours that lie in it. @throws {SyscallError} */
export function remountReadOnly(
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

/**
 * Switches to the new root, and leaves nothing of the old one reachable.
 *
 * Where `/` is the initramfs, as on nodes without disks, or no mount at all (chroot(2)), there is no
 * mount that could change places with the new root, which pivot_root(2) tells by EINVAL. There the
 * old root stays below the new one: covered, for whoever may not unmount what covers it.
 *
 * @throws {SyscallError}
 */
export function exchangeRoot(rootfs: ByteString): void {
  changeDirectory(rootfs);
  if (exchangeRoots()) unmount(".", MNT_DETACH);
  else {
    mount({ source: ".", target: "/", flags: MS.MOVE });
    changeRoot(".");
  }
  changeDirectory("/");
}

/** Makes the working directory the root; the old root then lies on top of it. @returns false for EINVAL */
function exchangeRoots(): boolean {
  try {
    pivotRoot(".", ".");
    return true;
  } catch (error) {
    if (!isSyscallError(error, "EINVAL")) throw error;
    return false;
  }
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
