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
import { containerMounts } from "../start/mounts.ts";
import type { MountEntry } from "../plan/fstab.ts";
import { mountFuseImage } from "./fuse_image.ts";
import { rootFiles } from "../root/rootfs_files.ts";
import type { StartPlan } from "../plan/plan.ts";
import { evaluatePyxisScript, readPyxisScript } from "../hook/pyxis_script.ts";
import { openRootDirectory, type RootDirectory } from "../root/root_directory.ts";
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

/** Brings to light again what a mount covers that nobody serves. */
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

/**
 * Whether the start of a container may come to mount images besides its root. That is to be known
 * before its namespaces are made; what only comes to light in there is taken for one.
 */
export function mayMountImages(plan: StartPlan): boolean {
  const { image, hooks, rootfs } = plan;
  if (image !== null || hooks.some(({ kind }) => kind === "executable")) return true;
  const known = plan.script === null ? null : readPyxisScript(plan.script);
  if (plan.script !== null && known === null) return true;
  try {
    using root = openRootDirectory(rootfs);
    const files = rootFiles(root, rootfs);
    const host = new Map(plan.hostEnvironment);
    const script = known === null ? null : evaluatePyxisScript(known, { host, files });
    const variables = new Map(host).set("ENROOT_ROOTFS", rootfs);
    const { beforeHooks, afterHooks } = containerMounts(plan, { files, variables, script });
    return [...beforeHooks, ...afterHooks].some((entry) =>
      isImageMount(entry) || entry.plain && !isReadable(entry.source)
    );
  } catch (error) {
    if (!(error instanceof SyscallError || error instanceof EnrootError)) throw error;
    return false; // There will be no container.
  }
}

/** Whether it can be told here what a file is. */
function isReadable(path: ByteString): boolean {
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
