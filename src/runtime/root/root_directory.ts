import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  AT,
  close,
  isSyscallError,
  mkdirat,
  O,
  openat,
  openat2,
  type OwnedFd,
  ownedFd,
  readlinkat,
  RESOLVE,
  S,
  statusAt,
  statusOf,
  SyscallError,
} from "../../linux/mod.ts";

const EXDEV = 18;
const ELOOP = 40;
const MAX_LINKS = 40;

/**
 * A directory that takes the place of `/`: paths are resolved below it, symbolic links included,
 * and nothing leads out of it.
 */
export interface RootDirectory extends Disposable {
  readonly fd: number;
  /** Where it lies on the host. */
  readonly path: ByteString;
  /**
   * Opens a path inside; `flags` as {@link O}.
   *
   * @throws {SyscallError} EXDEV when the path itself climbs above the root
   */
  open(path: ByteString, flags: number): OwnedFd;
  /** Creates the directory and what is missing above it, and opens it with O_PATH. */
  makeDirectories(path: ByteString, mode?: number): OwnedFd;
  /** Creates an empty file where nothing is, its directories too, and opens it with O_PATH. */
  makeFile(path: ByteString): OwnedFd;
}

/** @throws {SyscallError} */
export function openRootDirectory(path: ByteString): RootDirectory {
  const root = openat(AT.FDCWD, path, { flags: O.PATH | O.DIRECTORY });

  const open = (inside: ByteString, flags: number): OwnedFd => {
    refuseEscape(inside);
    return ownedFd(openInRoot(root, inside, flags));
  };

  /** Opens a path, making it with `make` in its parent directory when it is missing. */
  const openOrMake = (
    inside: ByteString,
    { flags, make, links = 0 }: {
      flags: number;
      make: (parent: number, name: ByteString) => void;
      links?: number;
    },
  ): OwnedFd => {
    try {
      return open(inside, flags);
    } catch (error) {
      if (!isSyscallError(error, "ENOENT")) throw error;
    }
    if (links > MAX_LINKS) throw new SyscallError("open", ELOOP, inside);
    const names = componentsOf(inside);
    const name = names.pop();
    if (name === undefined) return open("/", flags);
    const parentPath = `/${names.join("/")}`;
    using parent = makeDirectories(parentPath);
    try {
      make(parent.fd, name);
    } catch (error) {
      if (!isSyscallError(error, "EEXIST")) throw error;
      // Another process was faster, or a link is there that leads to nothing yet: make what it leads to.
      const target = linkTarget(parent.fd, name);
      if (target !== null) {
        const path = target.startsWith("/") ? target : `${parentPath}/${target}`;
        return openOrMake(clampToRoot(path), { flags, make, links: links + 1 });
      }
    }
    return open(inside, flags);
  };

  const makeDirectories = (inside: ByteString, mode = 0o755): OwnedFd =>
    openOrMake(inside, {
      flags: O.PATH | O.DIRECTORY,
      make: (parent, name) => mkdirat(parent, name, { mode }),
    });

  const makeFile = (inside: ByteString): OwnedFd =>
    openOrMake(inside, {
      flags: O.PATH,
      make: (parent, name) => {
        const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
        close(openat(parent, name, { flags, mode: 0o644 }));
      },
    });

  return {
    fd: root,
    path,
    open,
    makeDirectories,
    makeFile,
    [Symbol.dispose]: () => close(root),
  };
}

/** Explains what failed inside a container's root. */
export function rootError(step: string, path: ByteString, error: unknown): EnrootError {
  const reason = error instanceof SyscallError ? error.reason : String(error);
  return new EnrootError(`Cannot ${step} ${textFromByteString(path)}: ${reason}`, { cause: error });
}

/** The names of a path, `.` and empty ones left out. */
function componentsOf(path: ByteString): ByteString[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function refuseEscape(path: ByteString): void {
  let depth = 0;
  for (const name of componentsOf(path)) {
    depth += name === ".." ? -1 : 1;
    if (depth < 0) throw new SyscallError("open", EXDEV, path);
  }
}

/** Where a link upwards leads: `..` at the root stays there. */
function clampToRoot(path: ByteString): ByteString {
  const names: ByteString[] = [];
  for (const name of componentsOf(path)) {
    if (name === "..") names.pop();
    else names.push(name);
  }
  return `/${names.join("/")}`;
}

/** The target of a symbolic link; null for anything else. */
function linkTarget(directory: number, name: ByteString): ByteString | null {
  try {
    return readlinkat(directory, name);
  } catch (error) {
    if (isSyscallError(error, "EINVAL", "ENOENT")) return null;
    throw error;
  }
}

let kernelResolves = true;

function openInRoot(root: number, path: ByteString, flags: number): number {
  if (kernelResolves) {
    for (let attempt = 0;; attempt++) {
      try {
        const inside = path === "" ? "/" : path;
        return openat2(root, inside, { flags, resolve: RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS });
      } catch (error) {
        if (isSyscallError(error, "EAGAIN") && attempt < 100) continue; // A rename raced with us.
        if (!isSyscallError(error, "ENOSYS")) throw error;
        kernelResolves = false; // Linux before 5.6
        break;
      }
    }
  }
  return walkInRoot(root, path, flags);
}

/** What openat2(2) does with RESOLVE_IN_ROOT, name by name. Safe as long as no process renames. */
function walkInRoot(root: number, path: ByteString, flags: number): number {
  const stack: OwnedFd[] = [];
  const here = () => stack.at(-1)?.fd ?? root;
  try {
    const pending = componentsOf(path).reverse();
    let links = 0;
    while (pending.length > 0) {
      const name = pending.pop() ?? "";
      if (name === "..") {
        stack.pop()?.[Symbol.dispose]();
        continue;
      }
      const isLast = pending.length === 0;
      const isLink = (statusAt(here(), name).mode & S.IFMT) === S.IFLNK;
      if (isLink && !(isLast && flags & O.NOFOLLOW)) {
        if (++links > MAX_LINKS) throw new SyscallError("open", ELOOP, path);
        const target = readlinkat(here(), name);
        if (target.startsWith("/")) { while (stack.length > 0) stack.pop()?.[Symbol.dispose](); }
        pending.push(...componentsOf(target).reverse());
        continue;
      }
      const step = isLast ? flags | O.NOFOLLOW : O.PATH | O.DIRECTORY | O.NOFOLLOW;
      stack.push(ownedFd(openat(here(), name, { flags: step })));
    }
    const last = stack.pop();
    return last === undefined ? openat(root, ".", { flags }) : last.release();
  } finally {
    for (const fd of stack) fd[Symbol.dispose]();
  }
}

/** Whether an open file is a directory. @throws {SyscallError} */
export function isDirectory(fd: number): boolean {
  return (statusOf(fd).mode & S.IFMT) === S.IFDIR;
}
