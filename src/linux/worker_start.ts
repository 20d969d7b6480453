import { AT, O, openat } from "./file/files.ts";
import { ownedFd } from "./file/owned_fd.ts";
import { changeDirectory, changeDirectoryTo, CLONE, unshare } from "./kernel/process.ts";

/**
 * Lets workers start although the runtime cannot tell the path of the working directory: it was
 * deleted, or its path is not UTF-8. The runtime asks for it in each worker, and again as the worker
 * loads its module.
 *
 * A thread shares its working directory with the thread that made it until one of them leaves
 * (unshare(2), CLONE_FS). So workers have `/`, and this thread keeps the caller's.
 *
 * @throws {SyscallError}
 */
export function startWorkersElsewhere(): void {
  globalThis.Worker = new Proxy(Worker, {
    construct(target, args, newTarget) {
      using here = ownedFd(openat(AT.FDCWD, ".", { flags: O.PATH | O.DIRECTORY }));
      unshare(CLONE.FS);
      changeDirectory("/");
      try {
        return Reflect.construct(target, args, newTarget);
      } finally {
        unshare(CLONE.FS);
        changeDirectoryTo(here.fd);
      }
    },
  });
}
