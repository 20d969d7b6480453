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
    throw new EnrootError(`Cannot create directory ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Makes the directory for the working files of containers and says where it is.
 *
 * Where there is no XDG_RUNTIME_DIR and /run is closed to the user, that is a private directory
 * below `tempPath`, named for the uid.
 *
 * @throws EnrootError if neither can be made, or the private one belongs to someone else.
 */
export function ensureRuntimeDirectory(settings: Settings): string {
  try {
    ensureDirectory(settings.runtimePath);
    return settings.runtimePath;
  } catch (error) {
    if (settings.runtimePath !== "/run/enroot") throw error;
  }
  const path = `${settings.tempPath}/enroot-${Deno.uid()}`;
  ensurePrivateDirectory(path);
  return path;
}

/** In a directory that everybody can write to, the name may be somebody else's already. */
function ensurePrivateDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new EnrootError(`Cannot create directory ${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  const { isDirectory, uid, mode } = Deno.lstatSync(path);
  if (!isDirectory || uid !== Deno.uid() || ((mode ?? 0o777) & 0o077) !== 0) {
    throw new EnrootError(`Cannot use directory ${path}: it is not private to uid ${Deno.uid()}`);
  }
}
