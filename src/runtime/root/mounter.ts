import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError, logWarning } from "../../diagnostics/mod.ts";
import {
  AT,
  isSyscallError,
  MNT_DETACH,
  mount,
  MS,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  remountBind,
  SyscallError,
  unmount,
} from "../../linux/mod.ts";
import type { MountEntry } from "../plan/fstab.ts";
import { isDirectory, type RootDirectory } from "./root_directory.ts";

/**
 * Makes one mount inside a root directory, as mount(8) would for the same fstab line.
 *
 * @throws {EnrootError} that names source, target and reason, unless the entry says `nofail`
 */
export function performMount(entry: MountEntry, root: RootDirectory): void {
  try {
    mountEntry(entry, root);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const failure = explain(entry, error);
    if (!entry.options.nofail) throw failure;
    if (!entry.options.silent) logWarning(failure.message);
  }
}

function mountEntry(entry: MountEntry, root: RootDirectory): void {
  const { options } = entry;
  if (options.detach) {
    using target = root.open(entry.target, O.PATH);
    unmount(byDescriptor(target), MNT_DETACH);
    return;
  }
  // A source in the root may be the target itself, or lie below it: it is there once that is made.
  const inside = isFromPath(entry) ? pathInside(root, entry.source) : null;
  if (inside !== null && options.create !== "auto") makeTarget(entry, { root, source: null });
  using source = inside !== null
    ? root.open(inside, O.PATH)
    : isFromPath(entry)
    ? ownedFd(openat(AT.FDCWD, entry.source, { flags: O.PATH }))
    : null;
  makeTarget(entry, { root, source });
  const sourcePath = inside !== null && source !== null ? byDescriptor(source) : entry.source;
  const recursive = options.recursive ? MS.REC : 0;
  if (options.bind && !options.remount) {
    onTarget(entry, root, (target) => bind(sourcePath, { target, recursive }));
    // Flags of a bind take effect with a remount only; it must see the new mount, hence the new walk.
    if (options.flags !== 0 || options.cleared !== 0) {
      onTarget(entry, root, (target) => remountBind(target, options.flags));
    }
  } else if (options.bind) {
    onTarget(entry, root, (target) => remountBind(target, options.flags));
  } else if (options.move) {
    onTarget(entry, root, (target) => mount({ source: sourcePath, target, flags: MS.MOVE }));
  } else if (options.remount || options.propagation.length === 0 || entry.type !== "none") {
    const flags = options.flags | (options.remount ? MS.REMOUNT : 0);
    const { source, type } = entry;
    onTarget(entry, root, (target) => mount({ source, target, type, flags, data: options.data }));
  }
  for (const propagation of options.propagation) {
    onTarget(entry, root, (target) => mount({ source: null, target, flags: propagation }));
  }
}

/**
 * Binds a file. What is mounted below it comes along where the kernel insists: in a user namespace
 * it does not uncover what such mounts cover.
 */
function bind(
  source: ByteString,
  { target, recursive }: { target: ByteString; recursive: number },
): void {
  try {
    mount({ source, target, flags: MS.BIND | recursive });
  } catch (error) {
    if (recursive !== 0 || !isSyscallError(error, "EINVAL")) throw error;
    mount({ source, target, flags: MS.BIND | MS.REC });
  }
}

/** Whether the source is a file of the host that must be there. */
function isFromPath({ options }: MountEntry): boolean {
  return (options.bind && !options.remount) || options.move;
}

/**
 * The path of a source inside the root, where it lies there: links in it lead where they lead for
 * the container. Null for any other file of the host.
 */
function pathInside(root: RootDirectory, source: ByteString): ByteString | null {
  const prefix = root.path.endsWith("/") ? root.path : `${root.path}/`;
  if (prefix === "/" || !source.startsWith(prefix)) return null;
  return source.split("/").includes("..") ? null : source.slice(prefix.length - 1);
}

function makeTarget(
  { target, options }: MountEntry,
  { root, source }: { root: RootDirectory; source: OwnedFd | null },
): void {
  const create = options.create === "auto"
    ? (source === null || isDirectory(source.fd) ? "dir" : "file")
    : options.create;
  if (create === "dir") root.makeDirectories(target)[Symbol.dispose]();
  else if (create === "file") root.makeFile(target)[Symbol.dispose]();
}

function onTarget(
  entry: MountEntry,
  root: RootDirectory,
  action: (target: ByteString) => void,
): void {
  using target = root.open(entry.target, O.PATH);
  action(byDescriptor(target));
}

/** A path that means the opened file itself: no other can be put in its place. */
function byDescriptor(target: OwnedFd): ByteString {
  return `/proc/self/fd/${target.fd}`;
}

function explain(entry: MountEntry, error: SyscallError): EnrootError {
  const { options, source, target, origin } = entry;
  const at = textFromByteString(target);
  const what = options.detach ? `unmount ${at}` : `mount ${textFromByteString(source)} on ${at}`;
  const remedy = error.code === "ENOENT" && error.call.startsWith("open") && options.create === null
    ? "; x-create=auto makes a missing target"
    : "";
  return new EnrootError(`Cannot ${what} (${origin}): ${reasonOf(error)}${remedy}`, {
    cause: error,
  });
}

function reasonOf(error: SyscallError): string {
  return error.code === "EXDEV"
    ? "Invalid cross-device link: the path leaves the root"
    : error.reason;
}
