/** A file for a blob on its way. */
export interface PartialFile {
  path: string;
  file: Deno.FsFile;
  /** Whether other processes use the same file, in turn. */
  shared: boolean;
}

/** How the names of partial files end. */
export const PARTIAL_SUFFIX = ".partial";
/** Milliseconds between two attempts to get a lock. */
const LOCK_INTERVAL = 100;
/** Days after which a download that nobody took up again is given up. */
const STALE_DAYS = 7;

/**
 * Opens a partial file that processes share, and waits until it is ours alone. The lock ends with
 * the descriptor, and so with the process.
 *
 * @param signal ends the waiting
 * @returns null where it cannot be made or locked
 */
export async function lockedPartial(
  path: string,
  signal: AbortSignal,
): Promise<PartialFile | null> {
  for (;;) {
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
    } catch {
      return null;
    }
    let ours = false;
    try {
      // Waiting in the kernel could not be given up.
      while (!await file.tryLock(true)) await pause(LOCK_INTERVAL, signal);
      const named = await lstatOrNull(path);
      // Whoever can write here could have us write elsewhere.
      if (named !== null && !named.isFile) return null;
      // Its last owner may have renamed or removed what we waited for.
      const held = await file.stat();
      ours = named !== null && held.dev === named.dev && held.ino === named.ino;
      if (ours) return { path, file, shared: true };
    } catch {
      signal.throwIfAborted();
      // No locks on this file system.
      return null;
    } finally {
      if (!ours) file.close();
    }
  }
}

async function lstatOrNull(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Makes a partial file of a random name. @returns null where it cannot be made */
export async function privatePartial(directory: string): Promise<PartialFile | null> {
  try {
    const path = await Deno.makeTempFile({
      dir: directory,
      prefix: ".enroot-blob.",
      suffix: PARTIAL_SUFFIX,
    });
    const file = await Deno.open(path, { read: true, write: true });
    return { path, file, shared: false };
  } catch {
    return null;
  }
}

/** Removes partial files that nobody has written to for days. */
export async function removeStalePartials(directory: string): Promise<void> {
  const limit = new Date(Date.now() - STALE_DAYS * 24 * 60 * 60 * 1000);
  for await (const { name } of Deno.readDir(directory)) {
    if (name.endsWith(PARTIAL_SUFFIX)) await removeUnlessLocked(`${directory}/${name}`, limit);
  }
}

/**
 * Removes a partial file that no process is working on.
 *
 * @param unusedSince spares it if it was written to after this time
 */
export async function removeUnlessLocked(path: string, unusedSince?: Date): Promise<void> {
  try {
    using file = await Deno.open(path, { read: true, write: true });
    const { mtime } = await file.stat();
    if (unusedSince !== undefined && mtime !== null && mtime >= unusedSince) return;
    if (await file.tryLock(true)) await Deno.remove(path);
  } catch {
    // Somebody else's, or gone meanwhile.
  }
}
