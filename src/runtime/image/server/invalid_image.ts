import { EnrootError, messageOf } from "../../../diagnostics/mod.ts";
import { SquashfsError } from "../../../formats/squashfs/reader/mod.ts";

/** What to tell of an image that cannot be opened. @param path as the user knows it */
export function invalidImage(path: string, error: unknown): EnrootError {
  const isOther = error instanceof SquashfsError && error.reason === "not-squashfs";
  const detail = isOther ? "" : ` (${messageOf(error)})`;
  return new EnrootError(`Invalid image format: ${path}${detail}`, { cause: error });
}
