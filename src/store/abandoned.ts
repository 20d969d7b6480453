import type { ByteString } from "../bytes/mod.ts";
import { isSyscallError, O, type OwnedFd, statusOf } from "../linux/mod.ts";
import type { DirectoryHandle } from "./directory_handle.ts";
import { lockFile } from "./lock.ts";

/*
 * Temporary files outlive a process that is killed. While it lives it holds a lock on them, which
 * processes of the same machine can see. Those of another machine may not: on network file systems
 * locks are often a matter of each machine. So the name says on which one it was made.
 */

/** Seconds after which any temporary file is abandoned that is not known to be in use. */
export const ABANDONED_AFTER = 7 * 24 * 3600;
/** Seconds in which a file that has been made is certainly locked. */
const LOCKED_WITHIN = 60;

/** A random name for a temporary file or directory. */
export function temporaryName(prefix: string): string {
  return `${machinePrefix(prefix)}${crypto.randomUUID()}`;
}

/** What a clean-up looks for. */
export interface CleanUp {
  /** What the names begin with: that of {@link temporaryName}. */
  prefix: string;
  /** The time by the file system's clock, in seconds since the epoch: machines do not agree on it. */
  now: number;
  /** How to remove what has a name; as a file if not said. */
  remove?(name: ByteString): void;
}

/** Removes what killed processes of this user left in a directory, and nothing that may be in use. */
export function removeAbandoned(directory: DirectoryHandle, cleanUp: CleanUp): void {
  const { prefix, remove = (name) => directory.remove(name) } = cleanUp;
  try {
    for (const name of directory.names()) {
      if (name.startsWith(prefix)) removeIfAbandoned(directory, name, { ...cleanUp, remove });
    }
  } catch {
    // A directory that cannot be read. It is not what the user asked for.
  }
}

function removeIfAbandoned(
  directory: DirectoryHandle,
  name: ByteString,
  { prefix, now, remove }: Required<CleanUp>,
): void {
  try {
    using file = openToLock(directory, name);
    const { uid, mtime } = statusOf(file.fd);
    if (uid !== Deno.uid()) return;
    const age = now - mtime;
    const lock = lockFile(file.fd);
    if (lock === "another's") return;
    const isOfThisMachine = lock === "ours" && name.startsWith(machinePrefix(prefix));
    if (age > (isOfThisMachine ? LOCKED_WITHIN : ABANDONED_AFTER)) remove(name);
  } catch {
    // Another user's, or gone meanwhile. The next run will try again.
  }
}

/** NFS locks no file that is not open for writing. */
function openToLock(directory: DirectoryHandle, name: ByteString): OwnedFd {
  try {
    return directory.open(name, { flags: O.RDWR });
  } catch (error) {
    if (!isSyscallError(error, "EISDIR")) throw error;
    return directory.open(name, { flags: O.RDONLY | O.DIRECTORY });
  }
}

let boot: string | undefined;

/** What the names begin with that this machine makes until it is started anew. */
function machinePrefix(prefix: string): string {
  return `${prefix}${boot ??= bootId()}.`;
}

/** A random number of the running kernel (random(4)); another one each time where it is not told. */
function bootId(): string {
  try {
    return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").slice(0, 8);
  } catch {
    return crypto.randomUUID().slice(0, 8);
  }
}
