import type { ByteString } from "../bytes/mod.ts";
import { close, O, openat } from "../linux/mod.ts";

/** Longest path of one call, with the NUL at its end. */
const PATH_MAX = 4096;

/**
 * Opens a directory by its path below another, however long. Only for trees of our own making,
 * where no part of a path can be a link.
 *
 * @throws {SyscallError}
 */
export function openBelow(root: number, path: ByteString): number {
  const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
  let fd = root;
  let rest = path === "" ? "." : path;
  try {
    while (rest.length >= PATH_MAX) {
      const slash = rest.lastIndexOf("/", PATH_MAX - 1);
      const next = openat(fd, rest.slice(0, slash), { flags });
      if (fd !== root) close(fd);
      fd = next;
      rest = rest.slice(slash + 1);
    }
    return openat(fd, rest, { flags });
  } finally {
    if (fd !== root) close(fd);
  }
}
