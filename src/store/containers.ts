import { byteStringFromText } from "../bytes/mod.ts";
import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import {
  AT,
  isSyscallError,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  reasonOf,
  RENAME,
  statusOf,
} from "../linux/mod.ts";
import { absolutePath } from "./absolute_path.ts";
import { removeAbandoned } from "./abandoned.ts";
import { DirectoryHandle } from "./directory_handle.ts";
import { lockFile } from "./lock.ts";
import { rename } from "./rename.ts";
import { temporaryDirectory } from "./temporary.ts";
import { checkOwned, isForeign, isOpenToAll, type Ownership } from "./trust.ts";

const NAME_MAX = 255;
const SQUASHFS_MAGIC = "hsqs";
const TEMPORARY_PREFIX = ".enroot-container.";
const DATA_PATH = "ENROOT_DATA_PATH";

/**
 * The directory of a container, whether there is one or not.
 *
 * @throws {EnrootError} `Invalid argument: NAME` for what cannot be a name
 */
export function containerPath(name: string, dataPath: string): string {
  const isName = name !== "" && name !== "." && name !== ".." && !name.includes("/") &&
    name.isWellFormed() &&
    byteStringFromText(name).length <= NAME_MAX;
  if (!isName) throw new EnrootError(`Invalid argument: ${name}`);
  return `${dataPath}/${name}`;
}

/**
 * The directory of a container that exists.
 *
 * @throws {EnrootError} `Invalid argument: NAME`, `No such file or directory: PATH`
 */
export function resolveContainer(name: string, dataPath: string): string {
  const path = containerPath(name, dataPath);
  if (infoOf(path)?.isDirectory) return path;
  throw new EnrootError(`No such file or directory: ${path}`);
}

/** What can be started: an image file, or the directory of a container. */
export interface StartTarget {
  kind: "image" | "container";
  /** Absolute for an image. */
  path: string;
}

/**
 * Finds out what is meant: a squashfs file of that name if there is one, else a container.
 *
 * @throws {EnrootError} as resolveContainer()
 */
export function findTarget(target: string, dataPath: string): StartTarget {
  return isImage(target)
    ? { kind: "image", path: absolutePath(target) }
    : { kind: "container", path: resolveContainer(target, dataPath) };
}

/**
 * Finds out what the user wants started.
 *
 * @throws {EnrootError} as findTarget(), and for a container that another user may have put there
 */
export function resolveTarget(name: string, dataPath: string): StartTarget {
  const target = findTarget(name, dataPath);
  if (target.kind === "container") checkOrigin(target.path, dataPath);
  return target;
}

/** Checks that a container is not another user's trap. */
function checkOrigin(path: string, dataPath: string): void {
  const directory = ownership(Deno.statSync(dataPath));
  checkOwned({ path: dataPath, setting: DATA_PATH }, directory);
  if (!isOpenToAll(directory)) return;
  const foreign = [Deno.lstatSync(path), Deno.statSync(path)].map(ownership).find(isForeign);
  if (foreign === undefined) return;
  throw new EnrootError(
    `Cannot use ${path}: it belongs to uid ${foreign.uid}, and everybody may write to ${dataPath}`,
  );
}

function ownership({ uid, gid, mode }: Deno.FileInfo): Ownership {
  return { uid: uid ?? 0, gid: gid ?? 0, mode: mode ?? 0 };
}

function isImage(path: string): boolean {
  if (!isRegularFile(path)) return false;
  try {
    using file = Deno.openSync(path);
    const magic = new Uint8Array(SQUASHFS_MAGIC.length);
    return file.readSync(magic) === magic.length &&
      String.fromCharCode(...magic) === SQUASHFS_MAGIC;
  } catch (error) {
    throw new EnrootError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function isRegularFile(path: string): boolean {
  try {
    return infoOf(path)?.isFile ?? false;
  } catch (error) {
    // A container can be started from a working directory that nobody may search.
    if (path.includes("/")) throw error;
    return false;
  }
}

/** The names of all containers, sorted. Like ls(1), passes over what begins with a dot. */
export function listContainers(dataPath: string): string[] {
  try {
    return [...Deno.readDirSync(dataPath)]
      .filter((entry) => !entry.isFile && !entry.name.startsWith("."))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new EnrootError(`Cannot read ${dataPath}: ${messageOf(error)}`, { cause: error });
  }
}

/** A container in the making. Disposing of it removes what is not a container by then. */
export interface NewContainer extends Disposable {
  /** Where to put its files: a path where nothing is yet, on the right file system. */
  readonly path: string;
  /**
   * Makes the directory at `path` the container, in one step.
   *
   * @throws {EnrootError} `File already exists: PATH`
   */
  publish(): void;
}

/** Where and how to make a container. */
export interface NewContainerOptions {
  /** Must exist. */
  dataPath: string;
  /** Whether a container of that name is replaced; it stays until then. */
  force: boolean;
  /** Stops those who fill the container in the making, before that is removed. */
  interrupt?: () => void;
  /** Removes a directory, whatever permissions are in it. */
  remove(path: string): void;
}

/**
 * Prepares a container, which appears under its name only when it is whole. Until then its files
 * are in a hidden directory, which is gone if anything fails or a signal ends the program.
 *
 * @throws {EnrootError} `Invalid argument: NAME`, `File already exists: PATH`
 */
export function newContainer(
  name: string,
  { dataPath, force, interrupt, remove }: NewContainerOptions,
): NewContainer {
  const target = containerPath(name, dataPath);
  if (!force && exists(target)) throw alreadyExists(target);
  const made = makeTemporary(dataPath, (path) => {
    interrupt?.();
    remove(path);
  });
  const path = `${made.path}/rootfs`;
  return {
    path,
    publish: () => publish(path, { target, force, spare: `${made.path}/replaced` }),
    [Symbol.dispose]: () => made[Symbol.dispose](),
  };
}

/** Makes a directory for a container in the making, which is locked as long as it is there. */
function makeTemporary(dataPath: string, remove: (path: string) => void) {
  try {
    using parent = new DirectoryHandle(dataPath);
    checkOwned({ path: dataPath, setting: DATA_PATH }, parent.status);
    const options = { directory: dataPath, prefix: TEMPORARY_PREFIX, remove };
    using cleanUp = new DisposableStack();
    const made = cleanUp.use(temporaryDirectory(options));
    const lock = cleanUp.use(lockedDirectory(made.path));
    // No other process is to take it for abandoned while it is being removed.
    cleanUp.use(made);
    removeAbandoned(parent, {
      prefix: TEMPORARY_PREFIX,
      now: statusOf(lock.fd).mtime,
      remove: (name) => remove(`${dataPath}/${name}`),
    });
    const kept = cleanUp.move();
    return { path: made.path, [Symbol.dispose]: () => kept.dispose() };
  } catch (error) {
    if (error instanceof EnrootError) throw error;
    throw new EnrootError(`Cannot create a directory in ${dataPath}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

function lockedDirectory(path: string): OwnedFd {
  const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
  const directory = ownedFd(openat(AT.FDCWD, byteStringFromText(path), { flags }));
  lockFile(directory.fd);
  return directory;
}

function publish(
  path: string,
  { target, force, spare }: { target: string; force: boolean; spare: string },
): void {
  try {
    if (force && replaced(path, target, spare)) return;
    move(path, target, RENAME.NOREPLACE);
  } catch (error) {
    if (isSyscallError(error, "EEXIST", "ENOTEMPTY")) throw alreadyExists(target);
    if (error instanceof EnrootError) throw error;
    throw new EnrootError(`Cannot create ${target}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Puts `path` in the place of what is at `target`. @returns false when nothing is */
function replaced(path: string, target: string, spare: string): boolean {
  try {
    move(path, target, RENAME.EXCHANGE);
    return true;
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return false;
    if (!isSyscallError(error, "EINVAL", "ENOSYS", "EOPNOTSUPP")) throw error;
  }
  // This file system cannot exchange: there is no container for a moment.
  if (exists(target)) move(target, spare, 0);
  return false;
}

function move(from: string, to: string, flags: number): void {
  const destination = { toDirectory: AT.FDCWD, toPath: byteStringFromText(to), flags };
  rename(AT.FDCWD, byteStringFromText(from), destination);
}

function alreadyExists(path: string): EnrootError {
  return new EnrootError(`File already exists: ${path}`);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What is at a path, symbolic links followed, or null for nothing. */
function infoOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new EnrootError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
