import type { ByteString } from "../bytes/mod.ts";
import { TreeError } from "./tree_error.ts";

/** The longest name and path that Linux knows (limits.h); a path's includes a NUL at its end. */
const NAME_MAX = 255;
const PATH_MAX = 4096;

/**
 * The names along a path, from the root of the tree: leading, trailing and double slashes and `.`
 * mean nothing, and `..` takes back the name before it, whatever that names. The root itself has none.
 *
 * @throws {TreeError} when `..` leads out of the tree, and on what Linux cannot name
 */
export function splitPath(path: ByteString): ByteString[] {
  if (path.length >= PATH_MAX) throw new TreeError("path too long");
  const names: ByteString[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (names.pop() === undefined) throw new TreeError('".." in path leads out of the root');
      continue;
    }
    if (name.length > NAME_MAX) throw new TreeError("name too long");
    if (name.includes("\0")) throw new TreeError("NUL in name");
    names.push(name);
  }
  return names;
}
