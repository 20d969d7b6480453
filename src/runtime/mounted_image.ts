import { textFromByteString } from "../bytes/mod.ts";
import { EnrootError, logWarning } from "../diagnostics/mod.ts";
import {
  AT,
  close,
  inheritOnExec,
  mount,
  O,
  openat,
  pread,
  S,
  statusOf,
  SyscallError,
} from "../linux/mod.ts";
import type { MountEntry } from "./fstab.ts";
import { IMAGE_SERVER_NAME } from "./image_mount.ts";
import { fuseMount, startMountServer } from "./mount_server.ts";
import type { StartPlan } from "./plan.ts";
import { executeProgram } from "./program.ts";
import type { RootDirectory } from "./root_directory.ts";

/**
 * Whether an entry wants what is in a squashfs image mounted, not the file itself: its type says
 * so, or it says nothing but source and target.
 */
export function isImageMount({ source, type, plain }: MountEntry): boolean {
  return type === "squashfs" ? !source.startsWith("/dev/") : plain && isSquashfs(source);
}

/**
 * Mounts a squashfs image inside a root directory, and starts its server.
 *
 * @throws {EnrootError} naming image and target, unless the entry says `nofail`
 */
export function mountImage(
  entry: MountEntry,
  { root, plan }: { root: RootDirectory; plan: StartPlan },
): void {
  const { source, target, options } = entry;
  const failure = `Cannot mount ${source} on ${target}`;
  const descriptors: number[] = [];
  const open = (path: string, flags: number) => {
    const fd = openat(AT.FDCWD, path, { flags });
    descriptors.push(fd);
    inheritOnExec(fd);
    return fd;
  };
  try {
    const imageFd = open(source, O.RDONLY);
    const fuseFd = open("/dev/fuse", O.RDWR);
    using place = root.makeDirectories(target);
    const { flags, data } = fuseMount(fuseFd, plan.identity);
    mount({
      source,
      target: `/proc/self/fd/${place.fd}`,
      type: "fuse.squashfs",
      flags: flags | options.flags,
      data,
    });
    const { uid, gid } = plan.identity;
    startMountServer({
      // All mounts of the container are below its root.
      detach: [plan.rootfs, `${plan.runtimePath}/overlay/lower`],
      execute: executeProgram(plan.program, IMAGE_SERVER_NAME, [fuseFd, imageFd, 0, uid, gid]),
      failure,
    });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const explained = new EnrootError(
      `${textFromByteString(failure)} (${entry.origin}): ${error.reason}`,
      { cause: error },
    );
    if (!options.nofail) throw explained;
    if (!options.silent) logWarning(explained.message);
  } finally {
    for (const fd of descriptors) close(fd);
  }
}

/** Whether a file begins as a squashfs image does. */
function isSquashfs(path: string): boolean {
  let fd: number;
  try {
    fd = openat(AT.FDCWD, path, { flags: O.RDONLY | O.NONBLOCK | O.NOCTTY });
  } catch {
    return false; // The mount itself will tell what is wrong.
  }
  try {
    const magic = new Uint8Array(4);
    const isFile = (statusOf(fd).mode & S.IFMT) === S.IFREG;
    return isFile && pread(fd, magic, { offset: 0 }) === 4 &&
      String.fromCharCode(...magic) === "hsqs";
  } finally {
    close(fd);
  }
}
