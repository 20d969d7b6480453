import { EnrootError, logInfo, logWarning } from "../diagnostics/mod.ts";
import type { Platform } from "../formats/oci/mod.ts";
import { type Directory, type FileStore, splitPath, TreeLayer } from "../fstree/mod.ts";
import { addConfigFiles } from "./config_files.ts";
import { LayerDecoder } from "./layer_decoder.ts";
import { LayerStack } from "./layers.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

export interface AssembleOptions<Content> {
  platform: Platform;
  /** How many may work on it. */
  processors: number;
  /** Takes the data of all files, those included that a later layer replaces or hides. */
  store: FileStore<Content>;
  /** The time of what is not in any layer, in seconds since the epoch. */
  mtime: number;
}

/**
 * Makes the root filesystem of an image, in one pass over its layers: the tree is returned, the data
 * of its files is in the store.
 *
 * Layers may be under way all at once; they are applied in their order as soon as they are there.
 *
 * @throws {EnrootError} when the image cannot be had, or is not what it should be
 */
export async function assembleImage<Content>(
  source: ImageSource,
  { platform, processors, store, mtime }: AssembleOptions<Content>,
): Promise<Directory<Content>> {
  const image = await source.resolve(platform);
  checkImage(image, platform);
  const { layers, config } = image;
  using decoder = new LayerDecoder({ threads: threadsFor(image, processors) });
  const opened = layers.map((layer, index) => {
    const name = image.layerName ?? `layer ${layer.digest}`;
    const bytes = source.openLayer(layer);
    const diffId = config.diffIds[index] ?? null;
    return { name, bytes: decoder.decode({ name, bytes, diffId }), isOpen: bytes };
  });
  await opened[0]?.isOpen;
  logInfo("Extracting image layers...");
  const stack = new LayerStack(store, { mtime });
  for (const layer of opened) await stack.apply(layer);
  const cleaning = new TreeLayer(stack.root);
  for (const path of image.foreignFiles ?? []) cleaning.hide(splitPath(path));
  addConfigFiles(stack.root, { run: config.run, provenance: source.provenance, store, mtime });
  return stack.root;
}

/** Less is decompressed before a thread has started; the size may be unknown, which is 0. */
const WORTH_A_THREAD = 4 << 20;

function threadsFor({ layers }: ResolvedImage, processors: number): number {
  const size = layers.reduce((sum, layer) => sum + (layer.size || WORTH_A_THREAD), 0);
  return processors > 1 && size >= WORTH_A_THREAD ? 1 : 0;
}

function checkImage({ config, layers }: ResolvedImage, platform: Platform): void {
  const { architecture } = config.platform;
  if (architecture !== "" && architecture !== platform.architecture) {
    logWarning(
      `Image architecture doesn't match the requested one: ${architecture} != ${platform.architecture}`,
    );
  }
  if (config.diffIds.length > 0 && config.diffIds.length !== layers.length) {
    throw new EnrootError(
      `Cannot use image: ${layers.length} layers, but ${config.diffIds.length} in its configuration`,
    );
  }
}
