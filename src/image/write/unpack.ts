import type { ByteString } from "../../bytes/mod.ts";
import type { Platform } from "../../formats/oci/mod.ts";
import { placeTree, Staging } from "../../rootfs/mod.ts";
import { assembleImage } from "../layers/assemble.ts";
import type { ImageSource } from "../source/source.ts";

export interface UnpackOptions {
  platform: Platform;
  /** How many may work on it. */
  processors: number;
  /** The directory to make. */
  path: ByteString;
  /** A directory for file data, to be made and left behind, on the same file system. */
  stagingPath: ByteString;
  /** What every time is set to, in seconds since the epoch; null to keep them. */
  sourceDateEpoch: number | null;
  /** Whether files keep set-id bits and capabilities. */
  keepPrivileges: boolean;
}

/**
 * Makes the root filesystem of an image as a directory: what packing and extracting it would give,
 * with no image file in between.
 *
 * @throws {EnrootError} when it cannot be had or made
 */
export async function unpackImage(
  open: () => Promise<ImageSource>,
  { platform, processors, path, stagingPath, sourceDateEpoch, keepPrivileges }: UnpackOptions,
): Promise<void> {
  await using source = await open();
  using staging = new Staging(stagingPath);
  using store = staging.open();
  const mtime = sourceDateEpoch ?? Math.floor(Date.now() / 1000);
  const tree = await assembleImage(source, {
    platform,
    processors,
    store,
    openStore: () => staging.open(),
    mtime,
  });
  await placeTree(tree, { path, staging, allTime: sourceDateEpoch, keepPrivileges });
}
