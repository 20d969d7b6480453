import { EnrootError, logWarning, messageOf } from "../diagnostics/mod.ts";
import { type Descriptor, type Digest, digestOf } from "../formats/oci/mod.ts";
import { S, SyscallError } from "../linux/mod.ts";
import { CachedFile } from "./cached_file.ts";
import { DirectoryHandle } from "./directory_handle.ts";
import { PartialBlob } from "./partial_blob.ts";
import { lockedPartial, PARTIAL_SUFFIX, type PartialFile, privatePartial } from "./partial_file.ts";
import { removeStalePartials } from "./stale_partials.ts";
import { StoredBlob } from "./stored_blob.ts";
import { checkShared, isForeign, isOpenToAll } from "./trust.ts";

/** How often a blob whose bytes turn out to be others is fetched again. */
const MAX_MISMATCHES = 2;

/** Brings a blob's missing bytes. */
export type Fill = (partial: PartialBlob) => Promise<void>;

/**
 * Blobs by digest in a directory that any number of processes may share, over NFS too.
 *
 * A file named by a digest appears by rename, whole and verified, and is verified again before a
 * later process relies on it: that opens it once, and reads what it verified. What is on its way is
 * in a file of the same name and `.partial`, whose lock makes other processes wait instead of
 * downloading the same, and which outlives an interrupted process so that the next one can go on
 * from there.
 *
 * Other users may share it as well. Nothing of theirs is believed or written to, and nothing is
 * written through a link.
 */
export class BlobCache implements Disposable {
  readonly #path: string;
  readonly #temporaryPath: string;
  /** What was verified: the identity of the file that each digest is of. */
  readonly #verified = new Map<Digest, string>();
  readonly #closed = new AbortController();
  #directory: DirectoryHandle | null = null;
  #prepared = false;
  #hasWarned = false;

  /**
   * @param path of a directory, made with mode 0700 when first written to
   * @param temporaryPath for blobs that cannot be written there
   * @throws {EnrootError} when there is a directory that must not be used
   */
  constructor(path: string, temporaryPath: string) {
    this.#path = path;
    this.#temporaryPath = temporaryPath;
    this.#open();
  }

  /** Ends the wait for other processes, and every use of the cache. */
  [Symbol.dispose](): void {
    this.#closed.abort(new EnrootError("Transfer interrupted"));
    this.#directory?.[Symbol.dispose]();
    this.#directory = null;
  }

  /** Whether a file for the blob is there, of the right size. @throws {EnrootError} */
  has({ digest, size }: Descriptor): boolean {
    const directory = this.#open();
    try {
      const status = directory?.statusOf(digest) ?? null;
      return status !== null && (status.mode & S.IFMT) === S.IFREG && status.size === size &&
        !(isForeign(status) && this.#distrustsOthers());
    } catch (error) {
      if (error instanceof SyscallError) return false;
      throw error;
    }
  }

  /**
   * Reads a blob of unknown size, if there is an intact one that is not larger than so many bytes.
   *
   * @throws {EnrootError} when the directory is one that must not be used
   */
  async read(digest: Digest, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const directory = this.#open();
    if (directory === null) return undefined;
    try {
      using cached = await CachedFile.open(directory, digest);
      if (cached === null || cached.size > limit) return undefined;
      const { path, file, size } = cached;
      const bytes = await new StoredBlob({ path, file, size, digest: null }).bytes();
      return digestOf(bytes, digest) === digest ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Gets a blob, by `fill` if it is not there.
   *
   * @throws {EnrootError} when it cannot be fetched, or is not what its digest says
   */
  async obtain(blob: Descriptor, fill: Fill): Promise<StoredBlob> {
    this.#closed.signal.throwIfAborted();
    const cached = await this.#intact(blob);
    if (cached !== null) {
      await markUsed(cached);
      return blobOf(cached, blob);
    }
    this.#prepare();
    return await this.#download(blob, fill);
  }

  /** The directory, if there is one. @throws {EnrootError} when it is one that must not be used */
  #open(): DirectoryHandle | null {
    if (this.#directory !== null || this.#closed.signal.aborted) return this.#directory;
    let directory: DirectoryHandle;
    try {
      directory = new DirectoryHandle(this.#path);
    } catch {
      // Whether it can be made will show.
      return null;
    }
    try {
      checkShared({ path: this.#path, setting: "ENROOT_CACHE_PATH" }, directory.status);
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
    return this.#directory = directory;
  }

  #prepare(): void {
    if (this.#prepared) return;
    this.#prepared = true;
    try {
      Deno.mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    } catch {
      // Whether the directory is of use will show when a file is made in it.
    }
    const directory = this.#open();
    if (directory === null) return;
    try {
      removeStalePartials(directory);
    } catch {
      // Nor whether it may be read.
    }
  }

  /** Whether the files of other users are none of a group that shares the directory. */
  #distrustsOthers(): boolean {
    return this.#directory !== null && isOpenToAll(this.#directory.status);
  }

  /** The file of a blob, verified and open; null when it has to be fetched. */
  async #intact({ digest, size }: Descriptor): Promise<CachedFile | null> {
    const directory = this.#open();
    if (directory === null) return null;
    const path = `${this.#path}/${digest}`;
    let cached: CachedFile | null = null;
    try {
      cached = await CachedFile.open(directory, digest);
      if (cached === null) return null;
      if (cached.isForeign && this.#distrustsOthers()) this.#warnOfOthers();
      else if (cached.size === size) {
        if (await this.#isVerified(cached, digest)) {
          const intact = cached;
          cached = null;
          return intact;
        }
        logWarning(`Cached file does not match its digest, fetching it again: ${path}`);
      }
    } catch (error) {
      this.#closed.signal.throwIfAborted();
      logWarning(`Cannot read ${path}: ${messageOf(error)}`);
    } finally {
      cached?.[Symbol.dispose]();
    }
    return null;
  }

  async #isVerified(cached: CachedFile, digest: Digest): Promise<boolean> {
    if (this.#verified.get(digest) === cached.identity) return true;
    if (await cached.digest(digest, this.#closed.signal) !== digest) return false;
    this.#verified.set(digest, cached.identity);
    return true;
  }

  #warnOfOthers(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    logWarning(
      `Fetching again what other users have put into ${this.#path}: everybody may write to it`,
    );
  }

  async #download(blob: Descriptor, fill: Fill): Promise<StoredBlob> {
    using opened = await this.#openPartial(blob);
    // Another process may have finished it while we waited for the lock.
    const cached = opened.isShared ? await this.#intact(blob) : null;
    if (cached !== null) {
      opened.remove();
      return blobOf(cached, blob);
    }
    const partial = new PartialBlob(blob, opened);
    try {
      await partial.resume();
      await complete(partial, fill);
    } finally {
      await partial.settle();
    }
    this.#verified.set(blob.digest, opened.identity);
    const path = opened.publish(blob.digest) ? `${this.#path}/${blob.digest}` : opened.path;
    return new StoredBlob({ path, file: opened.release(), size: blob.size, digest: null });
  }

  /** @throws {EnrootError} where none can be made */
  async #openPartial({ digest }: Descriptor): Promise<PartialFile> {
    const directory = this.#directory;
    if (directory !== null) {
      const { signal } = this.#closed;
      const opened = await lockedPartial(directory, `${digest}${PARTIAL_SUFFIX}`, { signal }) ??
        await privatePartial(directory);
      if (opened !== null) return opened;
    }
    const opened = await unnamedPartial(this.#temporaryPath);
    if (opened !== null) return opened;
    throw new EnrootError(
      `Cannot store ${digest}: neither ${this.#path} nor ${this.#temporaryPath} is writable`,
    );
  }
}

/** Makes a partial file for this process alone. @returns null where it cannot be made */
async function unnamedPartial(path: string): Promise<PartialFile | null> {
  try {
    using directory = new DirectoryHandle(path);
    const opened = await privatePartial(directory);
    opened?.remove();
    return opened;
  } catch (error) {
    if (error instanceof SyscallError) return null;
    throw error;
  }
}

async function complete(partial: PartialBlob, fill: Fill): Promise<void> {
  const { blob } = partial;
  for (let mismatches = 0;;) {
    if (partial.size < blob.size) await fill(partial);
    if (await partial.verify()) return;
    if (++mismatches > MAX_MISMATCHES) {
      throw new EnrootError(`Cannot download ${blob.digest}: the data does not match its digest`);
    }
    logWarning(`Data does not match its digest, fetching it again: ${blob.digest}`);
  }
}

function blobOf(cached: CachedFile, { digest }: Descriptor): StoredBlob {
  const { path, file, size, isForeign } = cached;
  return new StoredBlob({ path, file, size, digest: isForeign ? digest : null });
}

/** Keeps a blob from being the first to go when the cache is pruned. */
async function markUsed({ file }: CachedFile): Promise<void> {
  const now = new Date();
  // Another user's is not ours to mark.
  await file.utime(now, now).catch(() => {});
}
