import type { Descriptor, Digest, ImageConfig, Platform } from "../../formats/oci/mod.ts";

/** An image of one platform, before any of its layers is fetched. */
export interface ResolvedImage {
  /** The digest of its manifest; null where there is none (engines, `docker save` archives). */
  manifestDigest: Digest | null;
  config: ImageConfig;
  /** Bottom layer first. */
  layers: Descriptor[];
  /** What messages call the only layer, where that is no blob with a digest. */
  layerName?: string;
  /** Paths of files in the layers that are the source's own work and no part of the image. */
  foreignFiles?: readonly string[];
}

/**
 * Where an image comes from: a registry, a directory, an archive, a container engine.
 *
 * Disposing of it ends every transfer under way and removes whatever it keeps for itself.
 */
export interface ImageSource extends AsyncDisposable {
  /** Where the image comes from, for the record in the image (`docker://REGISTRY#IMAGE:TAG`). */
  readonly provenance: string;

  /**
   * Finds the image for a platform and reads its documents, verified.
   *
   * @throws {EnrootError} when there is none
   */
  resolve(platform: Platform): Promise<ResolvedImage>;

  /**
   * The bytes of a layer of the resolved image, as the source has them: compressed or not. The chunks
   * are the reader's, who may give their memory back.
   *
   * Bytes that do not match the layer's digest end the iteration with an error, at the latest at its
   * end. May be called for all layers at once, before the first is read: the source limits what it
   * does at the same time, and holds no descriptor until the iteration begins.
   *
   * @throws {EnrootError} when it cannot be had
   */
  openLayer(layer: Descriptor): Promise<AsyncIterable<Uint8Array>>;
}
