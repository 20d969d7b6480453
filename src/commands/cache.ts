import { EnrootError, logInfo, logWarning, writeStdout } from "../diagnostics/mod.ts";
import { listCache, pruneCache, verifyCachedBlob } from "../store/mod.ts";
import type { Context } from "./context.ts";

/** What to do with the cache of downloaded blobs. */
export type CacheOptions =
  | { action: "list" }
  | { action: "verify" }
  | {
    action: "prune";
    /** A time such as `7d`: what was not used for so long goes. */
    olderThan?: string;
    /** A size such as `50G`: what was used last stays, as much of it as fits. */
    maxSize?: string;
  };

/** Shows, checks or empties the cache. The code tells whether all that was checked is intact. */
export async function cache(options: CacheOptions, { settings }: Context): Promise<number> {
  const directory = settings.cachePath;
  switch (options.action) {
    case "list":
      list(directory);
      return 0;
    case "verify":
      return await verify(directory) ? 0 : 1;
    case "prune": {
      const { olderThan, maxSize } = options;
      const removed = pruneCache(directory, {
        ...(olderThan === undefined
          ? {}
          : { unusedSince: new Date(Date.now() - parseTime(olderThan)) }),
        ...(maxSize === undefined ? {} : { maxSize: parseSize(maxSize) }),
      });
      const bytes = removed.reduce((sum, { size }) => sum + size, 0);
      logInfo(`Removed ${removed.length} files, ${bytes} bytes`);
      return 0;
    }
  }
}

function list(directory: string): void {
  const lines = listCache(directory).map(({ digest, size, lastUsed }) =>
    `${digest} ${String(size).padStart(12)} ${lastUsed.toISOString()}\n`
  );
  writeStdout(lines.join(""));
}

async function verify(directory: string): Promise<boolean> {
  let corrupt = 0;
  const blobs = listCache(directory);
  for (const { digest } of blobs) {
    if (await verifyCachedBlob(directory, digest)) continue;
    corrupt++;
    logWarning(`Removed, as it did not match its digest: ${directory}/${digest}`);
  }
  logInfo(`Verified ${blobs.length} files, ${corrupt} corrupt`);
  return corrupt === 0;
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of a time such as `7d`. @throws {EnrootError} `Invalid argument: TEXT` */
export function parseTime(text: string): number {
  const [, number, unit = ""] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const factor = MILLISECONDS[unit];
  if (factor === undefined) throw new EnrootError(`Invalid argument: ${text}`);
  return Number(number) * factor;
}

/** Bytes of a size such as `50G`, in powers of 1024. @throws {EnrootError} `Invalid argument: TEXT` */
export function parseSize(text: string): number {
  const [, number, unit = ""] = /^(\d{1,9})([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  if (number === undefined) throw new EnrootError(`Invalid argument: ${text}`);
  return Number(number) * 1024 ** (unit === "" ? 0 : "kmgt".indexOf(unit.toLowerCase()) + 1);
}
