import { type ByteString, byteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  AT,
  CLONE,
  fileIdentity,
  isSyscallError,
  O,
  openat,
  statusAt,
  statusOf,
  SyscallError,
} from "../../linux/mod.ts";
import { imageAtRoot } from "./image_root.ts";

/** Namespaces that a process can join, the user namespace first: the right to join others comes with it. */
export const NAMESPACES = {
  user: CLONE.NEWUSER,
  pid: CLONE.NEWPID,
  cgroup: CLONE.NEWCGROUP,
  ipc: CLONE.NEWIPC,
  uts: CLONE.NEWUTS,
  net: CLONE.NEWNET,
  mnt: CLONE.NEWNS,
} as const;

export type NamespaceName = keyof typeof NAMESPACES;

export function isNamespaceName(name: string): name is NamespaceName {
  return Object.hasOwn(NAMESPACES, name);
}

/** An id inside a user namespace, and the one of the host that it stands for. */
export interface IdMap {
  readonly inside: number;
  readonly outside: number;
}

/** A process that another one wants to follow into its namespaces. */
export interface TargetProcess {
  readonly pid: number;
  /** Opens a file in its directory of proc(5). @throws {EnrootError} */
  open(path: string, flags: number): number;
  /** Reads such a file. @throws {EnrootError} */
  read(path: string): ByteString;
  /** The first line of its `uid_map` or `gid_map` (user_namespaces(7)). @throws {EnrootError} */
  idMap(name: "uid_map" | "gid_map"): IdMap;
  /** The inode number of its namespace. @throws {EnrootError} */
  namespace(name: NamespaceName): string;
  /** Whether its root is that of a container: has the lock file of a start. @throws {EnrootError} */
  isInContainer(): boolean;
  /** Whether its root directory is ours. @throws {EnrootError} */
  sharesRoot(): boolean;
}

/**
 * Opens /proc/PID. Like a pidfd, the descriptor means this very process: once it has ended, nothing
 * can be opened through it, whoever gets its number.
 *
 * @throws {EnrootError} `Process not found: PID`
 */
export function openProcess(pid: number): TargetProcess {
  const directory = openDirectory(pid);

  const open = (path: string, flags: number) =>
    attempt(path, () => openat(directory, path, { flags }));
  const read = (path: string) =>
    byteString(Deno.readFileSync(`/proc/self/fd/${open(path, O.RDONLY)}`));

  return {
    pid,
    open,
    read,
    idMap(name) {
      const [inside = 0, outside = 0] = read(name).trim().split(/\s+/).map(Number);
      return { inside, outside };
    },
    namespace: (name) => namespaceInode(open(`ns/${name}`, O.RDONLY)),
    isInContainer: () =>
      attempt("root", () => {
        try {
          statusAt(directory, "root/.lock");
          return true;
        } catch (error) {
          if (isSyscallError(error, "ENOENT")) return false;
          // The kernel lets no process outside of its user namespace look into a FUSE file system.
          if (isSyscallError(error, "EACCES") && imageAtRoot(read("mountinfo")) !== null) {
            return true;
          }
          throw error;
        }
      }),
    sharesRoot: () =>
      attempt("root", () => {
        const [theirs, ours] = [statusAt(directory, "root/."), statusAt(AT.FDCWD, "/.")];
        return fileIdentity(theirs) === fileIdentity(ours);
      }),
  };
}

/** The inode number of a namespace of this process; null where the kernel has no such namespaces. */
export function ownNamespace(name: NamespaceName): string | null {
  try {
    return namespaceInode(openat(AT.FDCWD, `/proc/self/ns/${name}`, { flags: O.RDONLY }));
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return null;
    throw error;
  }
}

function openDirectory(pid: number): number {
  try {
    return openat(AT.FDCWD, `/proc/${pid}`, { flags: O.PATH | O.DIRECTORY });
  } catch (error) {
    throw new EnrootError(`Process not found: ${pid}`, { cause: error });
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new EnrootError(`Cannot join the process: ${path}: ${error.reason}`, { cause: error });
  }
}

function namespaceInode(fd: number): string {
  return String(statusOf(fd).inode);
}
