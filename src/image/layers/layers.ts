import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError, inSlices, letEventsIn } from "../../diagnostics/mod.ts";
import { createTarReader, TarError } from "../../formats/tar/mod.ts";
import { type Directory, emptyDirectory, type FileStore, TreeError } from "../../fstree/mod.ts";
import { fullBudget } from "./budget.ts";
import { Extraction, type ExtractionOptions } from "./extraction.ts";
import { LayerRecord } from "./layer_record.ts";
import { BudgetedLayer } from "./layer_target.ts";

/** How long layers may hold up signals and other events, in milliseconds. */
const SLICE = 100;

/** A layer to be applied. */
export interface LayerData {
  /** What messages call it. */
  name: string;
  /** Its uncompressed bytes: a tar archive. A chunk is used until the next one is asked for. */
  bytes: AsyncIterable<Uint8Array>;
}

/** A layer that was read before its turn. */
export interface ReadLayer<Content> {
  name: string;
  record: LayerRecord<Content>;
}

/**
 * Builds the file tree of an image from its layers, the bottom one first, and hands the data of its
 * files to stores.
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
   * Reads the next layer and applies it.
   *
   * @throws {EnrootError} when the layer is malformed
   */
  async apply(layer: LayerData): Promise<void> {
    const target = new BudgetedLayer(this.root, this.#budget);
    await this.#read(layer, { layer: target, store: this.#store, budget: this.#budget });
  }

  /**
   * Reads a layer whose turn has not come. Several may be read at a time, with a store for each.
   *
   * @param options.store takes the data of its files
   * @param options.signal ends the reading: nothing reaches the store any more
   * @throws {EnrootError} when the layer is malformed
   */
  async read(
    layer: LayerData,
    { store, signal }: { store: FileStore<Content>; signal: AbortSignal },
  ): Promise<ReadLayer<Content>> {
    const record = new LayerRecord<Content>();
    await this.#read(layer, { layer: record, store, budget: this.#budget, signal });
    return { name: layer.name, record };
  }

  /** Applies the next layer. @throws {EnrootError} when it does not fit those below */
  async applyRead({ name, record }: ReadLayer<Content>): Promise<void> {
    try {
      await inSlices(record.replay(new BudgetedLayer(this.root, this.#budget)));
    } catch (error) {
      throw layerError(error, { name, path: record.path });
    }
  }

  async #read(
    { name, bytes }: LayerData,
    { signal, ...options }: ExtractionOptions<Content> & { signal?: AbortSignal },
  ): Promise<void> {
    const extraction = new Extraction(options);
    const reader = createTarReader(extraction);
    let sliceStart = performance.now();
    try {
      // To the end, although the archive may be over before: only there they prove to be right.
      for await (const chunk of bytes) {
        signal?.throwIfAborted();
        reader.push(chunk);
        const drained = options.store.drain();
        if (drained !== undefined) await drained;
        if (performance.now() - sliceStart > SLICE) {
          await letEventsIn();
          sliceStart = performance.now();
        }
      }
      reader.end();
    } catch (error) {
      throw layerError(error, { name, path: extraction.path });
    }
  }
}

function layerError(
  cause: unknown,
  { name, path }: { name: string; path: ByteString },
): unknown {
  if (cause instanceof TarError) {
    return new EnrootError(`Cannot read ${name}: ${cause.message}`, { cause });
  }
  if (cause instanceof TreeError) {
    const what = `${textFromByteString(path)} from ${name}`;
    return new EnrootError(`Cannot extract ${what}: ${cause.message}`, { cause });
  }
  return cause;
}
