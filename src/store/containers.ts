import { byteStringFromText } from "../bytes/mod.ts";
import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { absolutePath } from "./absolute_path.ts";
import { checkOwned, isForeign, isOpenToAll, type Ownership } from "./trust.ts";

const NAME_MAX = 255;
const SQUASHFS_MAGIC = "hsqs";
/** The setting that names their directory. */
export const DATA_PATH = "ENROOT_DATA_PATH";

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
    // A container can be started from a working directory that the user may not search.
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

/** What is at a path, symbolic links followed, or null for nothing. */
function infoOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new EnrootError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
