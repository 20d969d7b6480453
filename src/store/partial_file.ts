import type { ByteString } from "../bytes/mod.ts";
import { logWarning, messageOf } from "../diagnostics/mod.ts";
import { fileIdentity, isSyscallError, O, type OwnedFd, S, statusOf } from "../linux/mod.ts";
import { temporaryName } from "./abandoned.ts";
import type { DirectoryHandle } from "./directory_handle.ts";
import { setMode } from "./file_mode.ts";
import { lockFile } from "./lock.ts";
import { PATIENCE, waitForLock } from "./partial_lock.ts";
import { streamFile } from "./stream_file.ts";
import { onTermination } from "./temporary.ts";

/** How the names of partial files end. */
export const PARTIAL_SUFFIX = ".partial";
const PRIVATE_PREFIX = ".enroot-blob.";
/** As with the established tool: a shared cache is shared within a group. */
const BLOB_MODE = 0o640;

/** Where a partial file is, and whether it is shared. */
interface Place {
  directory: DirectoryHandle;
  name: ByteString;
  /** Whether other processes use the same file, in turn, and may go on with it. */
  isShared: boolean;
}

/**
 * A file for a blob on its way, locked as long as it is open. Disposing of it closes it, and removes
 * one that is of no use to other processes.
 */
export class PartialFile implements Disposable {
  readonly path: string;
  readonly isShared: boolean;
  /** The open file, at its beginning. */
  readonly file: Deno.FsFile;
  readonly #place: Place;
  readonly #locked: OwnedFd;
  readonly #termination: Disposable | null;
  #isNamed = true;
  #isReleased = false;

  constructor(place: Place, { path, locked, file }: {
    path: string;
    locked: OwnedFd;
    file: Deno.FsFile;
  }) {
    this.path = path;
    this.isShared = place.isShared;
    this.file = file;
    this.#place = place;
    this.#locked = locked;
    this.#termination = place.isShared ? null : onTermination(() => this.remove());
  }

  [Symbol.dispose](): void {
    if (!this.isShared) this.remove();
    this.#termination?.[Symbol.dispose]();
    this.#locked[Symbol.dispose]();
    if (!this.#isReleased) this.file[Symbol.dispose]();
  }

  /** Equal for the same file, by whatever name. */
  get identity(): string {
    return fileIdentity(statusOf(this.#locked.fd));
  }

  /** Gives the open file up, which stays open. */
  release(): Deno.FsFile {
    this.#isReleased = true;
    return this.file;
  }

  /** Takes the name away; the file is there as long as it is open. */
  remove(): void {
    if (!this.#isNamed) return;
    this.#isNamed = false;
    const { directory, name } = this.#place;
    try {
      directory.remove(name);
    } catch {
      // Gone already, or another user's by now.
    }
  }

  /**
   * Gives the file the name of a blob, or none at all where it cannot have that one: in a directory
   * in which only its owner may replace a file, that may be taken.
   *
   * @returns whether it has it
   */
  publish(blobName: ByteString): boolean {
    const { directory, name } = this.#place;
    try {
      if (!this.#isNamed || !directory.holds(name, this.#locked.fd)) return false;
      setMode(this.#locked.fd, BLOB_MODE);
      directory.rename(name, blobName, { replace: true });
      this.#isNamed = false;
      return true;
    } catch {
      this.remove();
      return false;
    }
  }
}

/**
 * Opens a partial file that processes share, and waits until it is ours alone.
 *
 * @param options.signal ends the waiting
 * @returns null where it cannot be made or locked, is not this user's, or is held by a process that
 *   does not get on
 */
export async function lockedPartial(
  directory: DirectoryHandle,
  name: ByteString,
  { signal, patience = PATIENCE }: { signal: AbortSignal; patience?: typeof PATIENCE },
): Promise<PartialFile | null> {
  const path = `${directory.path}/${name}`;
  for (;;) {
    const locked = openPartial(directory, name);
    if (locked === null) return null;
    try {
      const lock = await waitForLock(locked, { path, signal, patience });
      if (lock !== "ours") {
        // Without locks it is of no use to any process.
        if (lock === "none" && statusOf(locked.fd).size === 0) directory.remove(name);
        locked[Symbol.dispose]();
        return null;
      }
      // Its last owner may have renamed or removed what we waited for.
      if (directory.holds(name, locked.fd)) {
        const file = await streamFile(locked, { path, write: true });
        return new PartialFile({ directory, name, isShared: true }, { path, locked, file });
      }
      locked[Symbol.dispose]();
    } catch (error) {
      locked[Symbol.dispose]();
      signal.throwIfAborted();
      logWarning(`Cannot use ${path}: ${messageOf(error)}`);
      return null;
    }
  }
}

/** Opens or makes the file. @returns null unless it is a file of this user's that has no other name */
function openPartial(directory: DirectoryHandle, name: ByteString): OwnedFd | null {
  for (;;) {
    try {
      return directory.create(name);
    } catch (error) {
      if (!isSyscallError(error, "EEXIST")) return null;
    }
    try {
      const file = directory.open(name, { flags: O.RDWR });
      const { mode, uid, links } = statusOf(file.fd);
      // Others may have linked any file to this name, for us to write over that.
      if ((mode & S.IFMT) === S.IFREG && uid === Deno.uid() && links <= 1) return file;
      file[Symbol.dispose]();
      return null;
    } catch (error) {
      if (!isSyscallError(error, "ENOENT")) return null;
    }
  }
}

/** Makes a partial file of a random name. @returns null where it cannot be made */
export async function privatePartial(directory: DirectoryHandle): Promise<PartialFile | null> {
  const name = `${temporaryName(PRIVATE_PREFIX)}${PARTIAL_SUFFIX}`;
  const path = `${directory.path}/${name}`;
  try {
    const locked = directory.create(name);
    try {
      lockFile(locked.fd);
      const file = await streamFile(locked, { path, write: true });
      return new PartialFile({ directory, name, isShared: false }, { path, locked, file });
    } catch (error) {
      locked[Symbol.dispose]();
      directory.remove(name);
      throw error;
    }
  } catch {
    return null;
  }
}
