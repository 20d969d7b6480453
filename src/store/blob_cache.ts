import { EnrootError, logWarning, messageOf } from "../diagnostics/mod.ts";
import { type Descriptor, type Digest, digestOf } from "../formats/oci/mod.ts";
import { digestOfFile } from "./cache_contents.ts";
import { PartialBlob } from "./partial_blob.ts";
import {
  lockedPartial,
  PARTIAL_SUFFIX,
  privatePartial,
  removeStalePartials,
} from "./partial_file.ts";
import { onTermination } from "./temporary.ts";

/** As with the established tool: a shared cache is shared within a group. */
const BLOB_MODE = 0o640;
/** How often a blob whose bytes turn out to be others is fetched again. */
const MAX_MISMATCHES = 2;

/** A whole and verified blob. Disposing of it removes it if it could not be put in the cache. */
export interface StoredBlob extends Disposable {
  readonly path: string;
}

/** Brings a blob's missing bytes. */
export type Fill = (partial: PartialBlob) => Promise<void>;

/**
 * Blobs by digest in a directory that any number of processes may share, over NFS too.
 *
 * A file named by a digest appears by rename, whole and verified, and is verified again before a
 * later process relies on it. What is on its way is in a file of the same name and `.partial`, whose
 * lock makes other processes wait instead of downloading the same, and which outlives an interrupted
 * process so that the next one can go on from there.
 */
export class BlobCache implements Disposable {
  readonly #directory: string;
  readonly #temporaryDirectory: string;
  readonly #verified = new Set<Digest>();
  readonly #closed = new AbortController();
  #prepared: Promise<void> | undefined;

  /**
   * @param directory made with mode 0700 when first written to
   * @param temporaryDirectory for blobs that cannot be written there
   */
  constructor(directory: string, temporaryDirectory: string) {
    this.#directory = directory;
    this.#temporaryDirectory = temporaryDirectory;
  }

  /** Ends the wait for other processes, and every use of the cache. */
  [Symbol.dispose](): void {
    this.#closed.abort(new EnrootError("Transfer interrupted"));
  }

  /** Whether a file for the blob is there, of the right size. */
  async has(blob: Descriptor): Promise<boolean> {
    const info = await statOrNull(this.#pathOf(blob));
    return info !== null && info.isFile && info.size === blob.size;
  }

  /** Reads a blob of unknown size, if there is an intact one that is not larger than so many bytes. */
  async read(digest: Digest, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const path = `${this.#directory}/${digest}`;
      if ((await Deno.stat(path)).size > limit) return undefined;
      const bytes = await Deno.readFile(path);
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
    if (await this.#isIntact(blob)) {
      await this.#markUsed(blob);
      return keptBlob(this.#pathOf(blob));
    }
    await (this.#prepared ??= this.#prepare());
    return await this.#download(blob, fill);
  }

  #pathOf({ digest }: Descriptor): string {
    return `${this.#directory}/${digest}`;
  }

  async #isIntact(blob: Descriptor): Promise<boolean> {
    if (!await this.has(blob)) return false;
    if (this.#verified.has(blob.digest)) return true;
    const path = this.#pathOf(blob);
    try {
      if (await digestOfFile(path, blob.digest, this.#closed.signal) === blob.digest) {
        this.#verified.add(blob.digest);
        return true;
      }
      logWarning(`Cached file does not match its digest, fetching it again: ${path}`);
    } catch (error) {
      this.#closed.signal.throwIfAborted();
      logWarning(`Cannot read ${path}: ${messageOf(error)}`);
    }
    return false;
  }

  /** Keeps the blob from being the first to go when the cache is pruned. */
  async #markUsed(blob: Descriptor): Promise<void> {
    const now = new Date();
    await Deno.utime(this.#pathOf(blob), now, now).catch(() => {});
  }

  async #prepare(): Promise<void> {
    try {
      await Deno.mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await removeStalePartials(this.#directory);
    } catch {
      // Whether the directory is of use will show when a file is made in it.
    }
  }

  async #download(blob: Descriptor, fill: Fill): Promise<StoredBlob> {
    const opened =
      await lockedPartial(`${this.#pathOf(blob)}${PARTIAL_SUFFIX}`, this.#closed.signal) ??
        await privatePartial(this.#directory) ??
        await privatePartial(this.#temporaryDirectory);
    if (opened === null) {
      throw new EnrootError(
        `Cannot store ${blob.digest}: neither ${this.#directory} nor ${this.#temporaryDirectory} is writable`,
      );
    }
    const { path, file, shared } = opened;
    const removePartial = () => removeIfPresent(path);
    using _termination = shared ? undefined : onTermination(removePartial);
    await using partial = new PartialBlob(blob, { path, file });
    let published = false;
    try {
      // Another process may have finished it while we waited for the lock.
      if (shared && await this.#isIntact(blob)) {
        removePartial();
        return keptBlob(this.#pathOf(blob));
      }
      await partial.resume();
      await complete(partial, fill);
      this.#verified.add(blob.digest);
      published = true;
      return await this.#publish(blob, path);
    } finally {
      if (!shared && !published) removePartial();
    }
  }

  async #publish(blob: Descriptor, path: string): Promise<StoredBlob> {
    if (!path.startsWith(`${this.#directory}/`)) return temporaryBlob(path);
    // Some file systems know no modes.
    await Deno.chmod(path, BLOB_MODE).catch(() => {});
    try {
      await Deno.rename(path, this.#pathOf(blob));
      return keptBlob(this.#pathOf(blob));
    } catch {
      // Somebody else's file has that name, in a directory where only its owner may replace it.
      const own = `${this.#directory}/.enroot-blob.${crypto.randomUUID()}${PARTIAL_SUFFIX}`;
      await Deno.rename(path, own);
      return temporaryBlob(own);
    }
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

function temporaryBlob(path: string): StoredBlob {
  const termination = onTermination(() => removeIfPresent(path));
  return {
    path,
    [Symbol.dispose]() {
      termination[Symbol.dispose]();
      removeIfPresent(path);
    },
  };
}

function keptBlob(path: string): StoredBlob {
  return { path, [Symbol.dispose]() {} };
}

async function statOrNull(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch {
    return null;
  }
}

function removeIfPresent(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Gone already, or not ours to remove.
  }
}
