import type { ByteString } from "../../bytes/mod.ts";
import {
  AT,
  close,
  isSyscallError,
  mkdirat,
  MNT_DETACH,
  MS,
  O,
  openat,
  readlinkat,
  symlinkat,
  type Syscall,
  text,
} from "../../linux/mod.ts";

/** Where programs of the host and their libraries lie. */
const SYSTEM = ["/bin", "/gnu", "/lib", "/lib32", "/lib64", "/nix", "/opt", "/sbin", "/usr"];
const LIBRARY_CACHE = "/etc/ld.so.cache";

/** A root for a server that the container's root has power over: all it can see through that. */
export interface ServerRoot {
  /** An empty directory that becomes the root. */
  readonly path: ByteString;
  /** What the server works on; it finds that at `/layers`. */
  readonly layers: ByteString;
  /** The server's program, which it finds at its own path. */
  readonly program: ByteString;
  /** Whether the processes of a PID namespace that is new are all there is to see. */
  readonly freshProc: boolean;
}

/**
 * Prepares the root for a server, which must stay in the container's user namespace.
 *
 * @returns rows that make it the root of a process in a mount namespace of its own
 * @throws {SyscallError}
 */
export function serverRootRows({ path, layers, program, freshProc }: ServerRoot): Syscall[] {
  const binds = new Map<ByteString, ByteString>([[layers, "/layers"]]);
  for (const name of ["/layers", "/proc", "/etc"]) mkdirat(AT.FDCWD, path + name, { mode: 0o755 });
  for (const directory of SYSTEM) {
    const link = linkAt(directory);
    if (link === "none") continue;
    if (link !== null) symlinkat(AT.FDCWD, path + directory, { target: link });
    else {
      mkdirat(AT.FDCWD, path + directory, { mode: 0o755 });
      binds.set(directory, directory);
    }
  }
  for (const file of [LIBRARY_CACHE, program]) {
    if (SYSTEM.some((directory) => file.startsWith(`${directory}/`))) continue;
    if (linkAt(file) === "none") continue;
    makeFile(path, file);
    binds.set(file, file);
  }
  if (!freshProc) binds.set("/proc", "/proc");
  const proc: Syscall = {
    name: "mount",
    arguments: [text("proc"), text(`${path}/proc`), text("proc"), 0, 0],
    failure: "Cannot mount /proc for a server",
  };
  return [
    bindRow(path, path),
    ...[...binds].map(([source, target]) => bindRow(source, path + target)),
    ...(freshProc ? [proc] : []),
    ...switchRows(path),
  ];
}

function bindRow(source: ByteString, target: ByteString): Syscall {
  return {
    name: "mount",
    arguments: [text(source), text(target), 0, MS.BIND | MS.REC, 0],
    failure: `Cannot mount ${source} for a server`,
  };
}

/** As exchangeRoot() does it in container_root.ts, which see. */
function switchRows(path: ByteString): Syscall[] {
  const failure = "Cannot switch the root of a server";
  const here = text(".");
  const enter: Syscall = { name: "chdir", arguments: [text("/")], failure };
  const detach: Syscall = { name: "umount2", arguments: [here, MNT_DETACH], failure };
  return [
    { name: "chdir", arguments: [text(path)], failure },
    { name: "pivot_root", arguments: [here, here], ignoreError: true, onZero: detach },
    { name: "mount", arguments: [here, text("/"), 0, MS.MOVE, 0], failure },
    { name: "chroot", arguments: [here], failure, onZero: enter },
    detach,
    enter,
  ];
}

/** What a symbolic link holds; null for another file, "none" where there is nothing. */
function linkAt(path: ByteString): ByteString | "none" | null {
  try {
    return readlinkat(AT.FDCWD, path);
  } catch (error) {
    return isSyscallError(error, "EINVAL") ? null : "none";
  }
}

/** Makes an empty file, and the directories above it. */
function makeFile(root: ByteString, file: ByteString): void {
  const names = file.split("/").slice(1, -1);
  for (let depth = 1; depth <= names.length; depth++) {
    const directory = `${root}/${names.slice(0, depth).join("/")}`;
    try {
      mkdirat(AT.FDCWD, directory, { mode: 0o755 });
    } catch (error) {
      if (!isSyscallError(error, "EEXIST")) throw error;
    }
  }
  close(openat(AT.FDCWD, root + file, { flags: O.WRONLY | O.CREAT, mode: 0o644 }));
}
