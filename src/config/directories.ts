import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import type { Settings } from "./settings.ts";

/**
 * Makes a directory of the user's own (mode 0700), and those above it, unless it exists.
 *
 * @throws EnrootError if it cannot be made, or something else is in its place.
 */
export function ensureDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw cannotCreate(path, error);
  }
}

/**
 * Makes the directory for the working files of containers and says where it is.
 *
 * Unless another one was asked for, it is in XDG_RUNTIME_DIR, if that is the caller's: sudo(8) and
 * batch systems keep the variable although the directory is another user's, or on another machine.
 * Else it is in /run, or where that is closed to the user a private directory below `tempPath`.
 *
 * @throws EnrootError if none can be made, or the one that was asked for belongs to another user.
 */
export function ensureRuntimeDirectory({ runtimePath, tempPath }: Settings): string {
  const userPath = Deno.env.get("XDG_RUNTIME_DIR") || undefined;
  if (userPath !== undefined && runtimePath === `${userPath}/enroot`) {
    if ([null, Deno.uid()].includes(ownerOf(userPath)) && isUsable(runtimePath)) return runtimePath;
  } else if (runtimePath !== SYSTEM_PATH) {
    ensureDirectory(runtimePath);
    if (isOwn(runtimePath)) return runtimePath;
    const owner = ownerOf(runtimePath);
    throw new EnrootError(
      `Cannot use directory ${runtimePath}: it belongs to uid ${owner}; ` +
        "set ENROOT_RUNTIME_PATH to a directory of your own",
    );
  }
  return isUsable(SYSTEM_PATH) ? SYSTEM_PATH : ensurePrivateDirectory(tempPath);
}

/** Where there is one directory for all users, each has a file system of its own mounted there. */
const SYSTEM_PATH = "/run/enroot";

/** Makes a directory unless it exists. @returns whether the caller or the superuser owns it */
function isUsable(path: string): boolean {
  try {
    ensureDirectory(path);
    return isOwn(path);
  } catch {
    return false;
  }
}

function isOwn(path: string): boolean {
  const owner = ownerOf(path);
  return owner === Deno.uid() || owner === 0;
}

/** The uid that a file belongs to; null when there is none. */
function ownerOf(path: string): number | null {
  try {
    return Deno.statSync(path).uid;
  } catch {
    return null;
  }
}

/**
 * Finds or makes a private directory in one that everybody can write to. Whatever its name, another
 * user may have it already, or the same user in another user namespace.
 */
function ensurePrivateDirectory(parent: string): string {
  const name = `enroot-${Deno.uid()}`;
  const path = `${parent}/${name}`;
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
    return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw cannotCreate(path, error);
  }
  if (isPrivate(path)) return path;
  // One that an earlier start made stays for the next ones: containers have something mounted on it.
  const prefix = `${name}.`;
  for (const entry of Deno.readDirSync(parent)) {
    const other = `${parent}/${entry.name}`;
    if (entry.name.startsWith(prefix) && isPrivate(other)) return other;
  }
  try {
    return Deno.makeTempDirSync({ dir: parent, prefix });
  } catch (error) {
    throw cannotCreate(`${parent}/${prefix}XXXXXX`, error);
  }
}

/** Whether a path is that of a directory which only the caller can enter. */
function isPrivate(path: string): boolean {
  const { isDirectory, uid, mode } = Deno.lstatSync(path);
  return isDirectory && uid === Deno.uid() && ((mode ?? 0o777) & 0o777) === 0o700;
}

function cannotCreate(path: string, cause: unknown): EnrootError {
  return new EnrootError(`Cannot create directory ${path}: ${messageOf(cause)}`, { cause });
}
