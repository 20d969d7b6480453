import { byteStringFromText } from "../bytes/mod.ts";
import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { type Digest, isDigest } from "../formats/oci/mod.ts";
import { reasonOf } from "../linux/mod.ts";
import { CachedFile } from "./cached_file.ts";
import { DirectoryHandle } from "./directory_handle.ts";
import { PARTIAL_SUFFIX } from "./partial_file.ts";
import { removeUnlessLocked } from "./stale_partials.ts";

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
 * Removes blobs, and partial files that no process writes to. What was used last stays longest.
 *
 * @returns what was removed
 */
export function pruneCache(
  directory: string,
  { unusedSince, maxSize }: PruneOptions,
): CachedBlob[] {
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
  const limit = unusedSince === undefined ? Infinity : unusedSince.getTime() / 1000;
  const partials = namesIn(directory).filter((name) => name.endsWith(PARTIAL_SUFFIX));
  if (partials.length === 0) return removed;
  using opened = new DirectoryHandle(directory);
  for (const name of partials) removeUnlessLocked(opened, byteStringFromText(name), limit);
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
    using opened = new DirectoryHandle(directory);
    using cached = await CachedFile.open(opened, digest);
    if (cached !== null && await cached.digest(digest) === digest) return true;
  } catch (cause) {
    throw new EnrootError(`Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
  removeBlob(path);
  return false;
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
