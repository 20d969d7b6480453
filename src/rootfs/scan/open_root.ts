import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { AT, isSyscallError, O, openat, reasonOf } from "../../linux/mod.ts";
import { Descent } from "../shared/descent.ts";
import { withPermissions } from "../shared/permissions.ts";

/** Opens the root directory of a container, whatever its permissions. @throws {EnrootError} */
export function openRoot(path: ByteString): Descent {
  const open = () => new Descent(openat(AT.FDCWD, path, { flags: O.RDONLY | O.DIRECTORY }), "");
  try {
    try {
      return open();
    } catch (error) {
      if (!isSyscallError(error, "EACCES")) throw error;
      return withPermissions({ directory: AT.FDCWD, name: path, permissions: 0o400 }, open);
    }
  } catch (error) {
    const directory = textFromByteString(path);
    throw new EnrootError(`Cannot read ${directory}: ${reasonOf(error)}`, { cause: error });
  }
}
