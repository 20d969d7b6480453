import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Digest, DigestBuilder } from "../formats/oci/mod.ts";
import { createTarReader, TarError } from "../formats/tar/mod.ts";
import { type Directory, emptyDirectory, type FileStore, TreeError } from "../fstree/mod.ts";
import { Extraction, fullBudget } from "./extraction.ts";

/** A layer to be applied. */
export interface LayerData {
  /** What messages call it. */
  name: string;
  /** What the digest of its uncompressed bytes must be; null if it is not known. */
  diffId: Digest | null;
  /** Its uncompressed bytes: a tar archive. */
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
   * @throws {EnrootError} when the layer is malformed, or not the one its digest promises
   */
  async apply(layer: LayerData): Promise<void> {
    const extraction = new Extraction(this.root, this.#store, this.#budget);
    const reader = createTarReader(extraction);
    const digest = layer.diffId === null ? null : new DigestBuilder();
    try {
      // To the end, although the archive may be over before: the digest is one of all bytes.
      for await (const chunk of layer.bytes) {
        digest?.update(chunk);
        reader.push(chunk);
        const drained = this.#store.drain();
        if (drained !== undefined) await drained;
      }
      reader.end();
    } catch (error) {
      throw layerError(error, { layer, path: extraction.path });
    }
    if (digest !== null && digest.finish() !== layer.diffId) {
      throw new EnrootError(
        `Cannot extract ${layer.name}: its content is not ${layer.diffId}`,
      );
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
