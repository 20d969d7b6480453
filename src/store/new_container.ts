import { byteStringFromText } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
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
import { removeAbandoned } from "./abandoned.ts";
import { containerPath, DATA_PATH } from "./containers.ts";
import { DirectoryHandle } from "./directory_handle.ts";
import { lockFile } from "./lock.ts";
import { rename } from "./rename.ts";
import { temporaryDirectory } from "./temporary.ts";
import { checkOwned } from "./trust.ts";

const TEMPORARY_PREFIX = ".enroot-container.";

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
  /** Stops the threads that fill the container in the making, before that is removed. */
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
