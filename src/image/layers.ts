import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import { createTarReader, TarError } from "../formats/tar/mod.ts";
import { type Directory, emptyDirectory, type FileStore, TreeError } from "../fstree/mod.ts";
import { Extraction, fullBudget } from "./extraction.ts";

/** How long layers may hold up signals and other events, in milliseconds. */
const SLICE = 100;

/** A layer to be applied. */
export interface LayerData {
  /** What messages call it. */
  name: string;
  /** Its uncompressed bytes: a tar archive. A chunk is used until the next one is asked for. */
  bytes: AsyncIterable<Uint8Array>;
}

/**
 * Builds the file tree of an image from its layers, the bottom one first, and hands the data of its
 * files to a store.
 *
 * Everything belongs to root; what is below `/dev` is left out; of extended attributes `user.*` and
 * `security.capability` are kept.
 */
export class LayerStack<Content> {
  readonly root: Directory<Content>;
  readonly #store: FileStore<Content>;
  readonly #budget = fullBudget();

  /** @param mtime the time of the root directory, which most images do not have in a layer */
  constructor(store: FileStore<Content>, { mtime }: { mtime: number }) {
    this.#store = store;
    this.root = emptyDirectory({ mtime });
  }

  /**
   * Applies the next layer.
   *
   * @throws {EnrootError} when the layer is malformed
   */
  async apply(layer: LayerData): Promise<void> {
    const extraction = new Extraction(this.root, this.#store, this.#budget);
    const reader = createTarReader(extraction);
    let sliceStart = performance.now();
    try {
      // To the end, although the archive may be over before: only there they prove to be right.
      for await (const chunk of layer.bytes) {
        reader.push(chunk);
        const drained = this.#store.drain();
        if (drained !== undefined) await drained;
        if (performance.now() - sliceStart > SLICE) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          sliceStart = performance.now();
        }
      }
      reader.end();
    } catch (error) {
      throw layerError(error, { layer, path: extraction.path });
    }
  }
}

function layerError(
  cause: unknown,
  { layer, path }: { layer: LayerData; path: ByteString },
): unknown {
  if (cause instanceof TarError) {
    return new EnrootError(`Cannot read ${layer.name}: ${cause.message}`, { cause });
  }
  if (cause instanceof TreeError) {
    const what = `${textFromByteString(path)} from ${layer.name}`;
    return new EnrootError(`Cannot extract ${what}: ${cause.message}`, { cause });
  }
  return cause;
}
