import { EnrootError, logInfo, logWarning } from "../../diagnostics/mod.ts";
import type { Platform } from "../../formats/oci/mod.ts";
import { type Directory, type FileStore, splitPath, TreeLayer } from "../../fstree/mod.ts";
import { addConfigFiles } from "./config_files.ts";
import { ConnectionLimit } from "../source/connection_limit.ts";
import { LayerDecoder } from "./layer_decoder.ts";
import { type LayerData, LayerStack } from "./layers.ts";
import type { ImageSource, ResolvedImage } from "../source/source.ts";

export interface AssembleOptions<Content> {
  platform: Platform;
  /** How many may work on it. */
  processors: number;
  /** Takes the data of all files, those included that a later layer replaces or hides. */
  store: FileStore<Content>;
  /** Gives further stores, where the data of several layers can be taken at once. */
  openStore?: () => FileStore<Content> & Disposable;
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
  options: AssembleOptions<Content>,
): Promise<Directory<Content>> {
  const { platform, store, openStore, mtime } = options;
  const image = await source.resolve(platform);
  checkImage(image, platform);
  const { layers, config } = image;
  const threads = threadsFor(image, options);
  using decoder = new LayerDecoder({ threads });
  const opened = layers.map((layer, index) => {
    const name = image.layerName ?? `layer ${layer.digest}`;
    const bytes = source.openLayer(layer);
    const diffId = config.diffIds[index] ?? null;
    return { name, bytes: decoder.decode({ name, bytes, diffId }), isOpen: bytes };
  });
  await opened[0]?.isOpen;
  logInfo("Extracting image layers...");
  const stack = new LayerStack(store, { mtime });
  if (openStore === undefined || threads < 2) {
    for (const layer of opened) await stack.apply(layer);
  } else {
    await applyAtOnce(opened, { stack, openStore, threads });
  }
  const cleaning = new TreeLayer(stack.root);
  for (const path of image.foreignFiles ?? []) cleaning.hide(splitPath(path));
  addConfigFiles(stack.root, { run: config.run, provenance: source.provenance, store, mtime });
  return stack.root;
}

/** Reads several layers at a time, and applies each when its turn comes. */
async function applyAtOnce<Content>(
  layers: LayerData[],
  { stack, openStore, threads }: {
    stack: LayerStack<Content>;
    openStore: () => FileStore<Content> & Disposable;
    threads: number;
  },
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const limit = new ConnectionLimit(threads);
  const reading = layers.map((layer) =>
    limit.run(async () => {
      using store = openStore();
      return await stack.read(layer, { store, signal });
    })
  );
  // One that fails before its turn is reported when its turn comes.
  for (const read of reading) read.catch(() => {});
  try {
    for (const read of reading) await stack.applyRead(await read);
  } finally {
    controller.abort();
  }
}

/** Less is decompressed before a thread has started; the size may be unknown, which is 0. */
const WORTH_A_THREAD = 4 << 20;
/** Then this thread is busy with what they give it. */
const MAX_THREADS = 4;

/** How many threads decompress layers: a second one is of use only when layers are read at once. */
function threadsFor<Content>(
  { layers }: ResolvedImage,
  { processors, openStore }: AssembleOptions<Content>,
): number {
  const sizes = layers.map(({ size }) => size || WORTH_A_THREAD);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (processors === 1 || total < WORTH_A_THREAD) return 0;
  const large = sizes.filter((size) => size >= WORTH_A_THREAD).length;
  return openStore === undefined ? 1 : Math.max(1, Math.min(large, processors - 1, MAX_THREADS));
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
