import { EnrootError, logWarning, messageOf } from "../diagnostics/mod.ts";

/** No credentials file is larger. */
const MAX_SIZE = 16 * 1024 * 1024;

/**
 * The text of a file that need not be there. One that may not be read counts as absent, with a
 * warning: `sudo docker login` leaves such files, and most images need no credentials.
 *
 * @throws {EnrootError} when it cannot be read for another reason
 */
export function readIfPresent(path: string): string | undefined {
  try {
    if (Deno.statSync(path).size > MAX_SIZE) throw new Error("too large");
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      logWarning(`Cannot read ${path}: Permission denied`);
      return undefined;
    }
    throw new EnrootError(`Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}
