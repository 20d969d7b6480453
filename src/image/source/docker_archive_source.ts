import { EnrootError } from "../../diagnostics/mod.ts";
import {
  type Descriptor,
  MAX_CONFIG_SIZE,
  MAX_MANIFEST_SIZE,
  parseImageConfig,
  parseSavedImages,
  PLAIN_LAYER_TYPE,
  type SavedImage,
} from "../../formats/oci/mod.ts";
import { type FileSet, readDocument } from "./file_set.ts";
import { namesImage } from "./local_name.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

export interface DockerArchiveSourceOptions {
  files: FileSet;
  /** The name of the image within it; empty when there is only one. */
  name: string;
  provenance: string;
}

/**
 * A source for an image in what `docker save` writes (Docker image specification v1.2, "Combined
 * Image JSON + Filesystem Changeset Format").
 *
 * The archive has no digests of layers as they are stored. The configuration says what they must be
 * uncompressed, and these digests stand in the descriptors.
 */
export class DockerArchiveSource implements ImageSource {
  readonly provenance: string;
  readonly #files: FileSet;
  readonly #name: string;
  /** In which file a layer is. */
  readonly #layerFiles = new Map<Descriptor, string>();

  constructor({ files, name, provenance }: DockerArchiveSourceOptions) {
    this.provenance = provenance;
    this.#files = files;
    this.#name = name;
  }

  async resolve(): Promise<ResolvedImage> {
    const saved = this.#choose(parseSavedImages(
      await readDocument(this.#files, { name: "manifest.json", maxSize: MAX_MANIFEST_SIZE }),
    ));
    const config = parseImageConfig(
      await readDocument(this.#files, { name: saved.config, maxSize: MAX_CONFIG_SIZE }),
    );
    const layers: Descriptor[] = [];
    for (const [index, file] of saved.layers.entries()) {
      const digest = config.diffIds[index];
      const size = await this.#files.size(file);
      if (digest === undefined || size === null) {
        throw new EnrootError(`Cannot read ${this.#files.path}: layer ${file} is not whole`);
      }
      const layer: Descriptor = { mediaType: PLAIN_LAYER_TYPE, digest, size, urls: [] };
      this.#layerFiles.set(layer, file);
      layers.push(layer);
    }
    return { manifestDigest: null, config, layers };
  }

  openLayer(layer: Descriptor): Promise<AsyncIterable<Uint8Array>> {
    const file = this.#layerFiles.get(layer);
    if (file === undefined) throw new Error("a layer of another image");
    return Promise.resolve(this.#files.stream(file));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#files[Symbol.dispose]();
    return Promise.resolve();
  }

  #choose(images: SavedImage[]): SavedImage {
    const { path } = this.#files;
    const names = images.flatMap((image) => image.names);
    const matching = this.#name === ""
      ? images
      : images.filter((image) => image.names.some((name) => namesImage(this.#name, name)));
    const [image, ...others] = matching;
    if (image === undefined) {
      throw new EnrootError(`Cannot find image ${this.#name} in ${path}: there is ${names}`);
    }
    if (others.length === 0) return image;
    throw new EnrootError(`Cannot choose an image of ${path}: there are ${names.join(", ")}`);
  }
}
