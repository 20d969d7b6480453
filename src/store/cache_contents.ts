import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { type Digest, DigestBuilder, isDigest } from "../formats/oci/mod.ts";
import { PARTIAL_SUFFIX, removeUnlessLocked } from "./partial_file.ts";

/** A blob in the cache. */
export interface CachedBlob {
  digest: Digest;
  /** In bytes. */
  size: number;
  lastUsed: Date;
}

/** Which blobs to remove; all when nothing is said. */
export interface PruneOptions {
  /** Those last used before this time. */
  unusedSince?: Date;
  /** As many as it takes, those longest unused first, for the rest to have no more bytes. */
  maxSize?: number;
}

const READ_SIZE = 256 * 1024;

/**
 * The blobs in a cache directory, those used last first.
 *
 * @throws {EnrootError} when it cannot be read; a missing one is empty
 */
export function listCache(directory: string): CachedBlob[] {
  const blobs: CachedBlob[] = [];
  for (const name of namesIn(directory)) {
    if (!isDigest(name)) continue;
    try {
      const { size, mtime } = Deno.lstatSync(`${directory}/${name}`);
      blobs.push({ digest: name, size, lastUsed: mtime ?? new Date(0) });
    } catch {
      // Removed meanwhile.
    }
  }
  return blobs.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
}

/**
 * Removes blobs, and partial files that nobody is writing to. What was used last stays longest.
 *
 * @returns what was removed
 */
export async function pruneCache(
  directory: string,
  { unusedSince, maxSize }: PruneOptions,
): Promise<CachedBlob[]> {
  const all = unusedSince === undefined && maxSize === undefined;
  let kept = 0;
  const removed = listCache(directory).filter((blob) => {
    const old = unusedSince !== undefined && blob.lastUsed < unusedSince;
    const surplus = maxSize !== undefined && kept + blob.size > maxSize;
    if (all || old || surplus) return true;
    kept += blob.size;
    return false;
  });
  for (const { digest } of removed) removeBlob(`${directory}/${digest}`);
  for (const name of namesIn(directory)) {
    if (name.endsWith(PARTIAL_SUFFIX)) {
      await removeUnlessLocked(`${directory}/${name}`, unusedSince);
    }
  }
  return removed;
}

/**
 * Reads a blob again, and removes it if it is not what its digest says.
 *
 * @returns whether it is intact
 * @throws {EnrootError} when it cannot be read or removed
 */
export async function verifyCachedBlob(directory: string, digest: Digest): Promise<boolean> {
  const path = `${directory}/${digest}`;
  try {
    if (await digestOfFile(path, digest) === digest) return true;
  } catch (cause) {
    throw new EnrootError(`Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  removeBlob(path);
  return false;
}

/** Computes the digest of a file's content, by the algorithm of `like`. @param signal ends the reading */
export async function digestOfFile(
  path: string,
  like: Digest,
  signal?: AbortSignal,
): Promise<Digest> {
  using file = await Deno.open(path);
  const builder = new DigestBuilder(like);
  const buffer = new Uint8Array(READ_SIZE);
  for (;;) {
    const length = await file.read(buffer);
    if (length === null) return builder.finish();
    signal?.throwIfAborted();
    builder.update(buffer.subarray(0, length));
  }
}

function removeBlob(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return;
    throw new EnrootError(`Cannot remove ${path}: ${messageOf(cause)}`, { cause });
  }
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return [];
    throw new EnrootError(`Cannot read ${directory}: ${messageOf(cause)}`, { cause });
  }
}
