import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError, logWarning } from "../../diagnostics/mod.ts";
import {
  AT,
  close,
  MNT_DETACH,
  O,
  openat,
  pread,
  reasonOf,
  S,
  statusOf,
  SyscallError,
  unmount,
} from "../../linux/mod.ts";
import type { MountEntry } from "../plan/fstab.ts";
import { mountFuseImage } from "./fuse_image.ts";
import type { StartPlan } from "../plan/plan.ts";
import type { RootDirectory } from "../root/root_directory.ts";
import type { ServerBroker } from "./server_broker.ts";

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
  { root, plan, broker }: { root: RootDirectory; plan: StartPlan; broker: ServerBroker | null },
): void {
  const { source, target, options } = entry;
  const failure = `Cannot mount ${source} on ${target}`;
  let fd: number | null = null;
  try {
    fd = openat(AT.FDCWD, source, { flags: O.RDONLY });
    using place = root.makeDirectories(target);
    mountFuseImage({ source, fd, offset: 0 }, {
      target: `/proc/self/fd/${place.fd}`,
      flags: options.flags,
      interim: null,
      broker,
    }, plan);
    // This fails if the server has died.
    using mounted = root.open(target, O.RDONLY);
    statusOf(mounted.fd);
  } catch (error) {
    if (!(error instanceof SyscallError || error instanceof EnrootError)) throw error;
    const explained = new EnrootError(
      `${textFromByteString(failure)} (${entry.origin}): ${reasonOf(error)}`,
      { cause: error },
    );
    if (!options.nofail) throw explained;
    unmountUnserved(target, root);
    if (!options.silent) logWarning(explained.message);
  } finally {
    if (fd !== null) close(fd);
  }
}

/** Brings to light again what a mount covers that has no server. */
function unmountUnserved(target: ByteString, root: RootDirectory): void {
  try {
    using mounted = root.open(target, O.PATH);
    try {
      statusOf(mounted.fd);
    } catch {
      unmount(`/proc/self/fd/${mounted.fd}`, MNT_DETACH);
    }
  } catch (error) {
    // There is no such mount.
    if (!(error instanceof SyscallError)) throw error;
  }
}

/** Whether it can be told here what a file is. */
export function isReadable(path: ByteString): boolean {
  try {
    close(openForLook(path));
    return true;
  } catch {
    return false;
  }
}

/** @throws {SyscallError} */
function openForLook(path: ByteString): number {
  return openat(AT.FDCWD, path, { flags: O.RDONLY | O.NONBLOCK | O.NOCTTY });
}

/** Whether a file begins as a squashfs image does. */
function isSquashfs(path: ByteString): boolean {
  let fd: number;
  try {
    fd = openForLook(path);
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
