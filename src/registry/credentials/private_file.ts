import { EnrootError, logWarning, messageOf } from "../../diagnostics/mod.ts";

/** No credentials file is larger. */
const MAX_SIZE = 16 * 1024 * 1024;
/** The permissions of the group and of all others. */
const FOR_OTHERS = 0o077;

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

/** Warns when a file of secrets is open to others than the caller and root. */
export function warnIfExposed(path: string): void {
  const { mode, uid } = Deno.statSync(path);
  const permissions = (mode ?? 0) & 0o7777;
  if ((permissions & FOR_OTHERS) !== 0) {
    const octal = permissions.toString(8).padStart(3, "0");
    logWarning(`${path} is open to other users (mode ${octal}): chmod 600 ${path}`);
  } else if (uid !== null && uid !== 0 && uid !== Deno.uid()) {
    logWarning(`${path} belongs to another user (uid ${uid}), who can read and change it`);
  }
}
