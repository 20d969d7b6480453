import { EnrootError } from "../../diagnostics/mod.ts";
import {
  chooseManifest,
  type Descriptor,
  digestOf,
  type ImageIndex,
  type ImageManifest,
  MAX_CONFIG_SIZE,
  MAX_MANIFEST_SIZE,
  parseImageConfig,
  parseManifest,
  type Platform,
} from "../../formats/oci/mod.ts";
import { type FileSet, readDocument, verified } from "./file_set.ts";
import { namesImage } from "./local_name.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

/** Indexes may refer to indexes, but not for ever. */
const MAX_NESTING = 3;

/** An image of an OCI image layout (image-layout.md), in a directory or an archive. */
export interface LayoutSourceOptions {
  files: FileSet;
  /** The name of the image within it; empty when there is only one. */
  name: string;
  provenance: string;
}

/** A source for an image of an OCI image layout. */
export class LayoutSource implements ImageSource {
  readonly provenance: string;
  readonly #files: FileSet;
  readonly #name: string;

  constructor({ files, name, provenance }: LayoutSourceOptions) {
    this.provenance = provenance;
    this.#files = files;
    this.#name = name;
  }

  async resolve(platform: Platform): Promise<ResolvedImage> {
    const descriptor = await this.#findManifest(platform);
    const manifest = await this.#readManifest(descriptor);
    if (manifest.kind === "index") {
      throw new EnrootError("Cannot read image index: nested too deep");
    }
    const config = parseImageConfig(await this.#readBlob(manifest.config, MAX_CONFIG_SIZE));
    return { manifestDigest: descriptor.digest, config, layers: manifest.layers };
  }

  async openLayer(layer: Descriptor): Promise<AsyncIterable<Uint8Array>> {
    const name = blobName(layer);
    if (await this.#files.size(name) === null) {
      throw new EnrootError(`Cannot read ${this.#files.path}: no ${name} in it`);
    }
    return verified(this.#files.stream(name), layer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#files[Symbol.dispose]();
    return Promise.resolve();
  }

  async #findManifest(platform: Platform): Promise<Descriptor> {
    const document = { name: "index.json", maxSize: MAX_MANIFEST_SIZE };
    const top = parseManifest(await readDocument(this.#files, document));
    if (top.kind !== "index") throw new EnrootError(`Cannot read index.json: not an image index`);
    let descriptor: Descriptor = chooseManifest(this.#named(top), platform);
    for (let depth = 0; depth < MAX_NESTING; depth++) {
      const manifest = await this.#readManifest(descriptor);
      if (manifest.kind === "image") break;
      descriptor = chooseManifest(manifest, platform);
    }
    return descriptor;
  }

  /** The part of the top index that goes by the name asked for. */
  #named(index: ImageIndex): ImageIndex {
    const { path } = this.#files;
    const names = [...new Set(index.manifests.map(({ refName }) => refName))];
    if (this.#name === "") {
      if (names.length <= 1) return index;
      throw new EnrootError(`Cannot choose an image of ${path}: there are ${names.join(", ")}`);
    }
    const manifests = index.manifests.filter(({ refName }) => namesImage(this.#name, refName));
    if (manifests.length > 0) return { kind: "index", manifests };
    throw new EnrootError(
      `Cannot find image ${this.#name} in ${path}: there is ${names.join(", ")}`,
    );
  }

  async #readManifest(descriptor: Descriptor): Promise<ImageManifest | ImageIndex> {
    const bytes = await this.#readBlob(descriptor, MAX_MANIFEST_SIZE);
    return parseManifest(bytes, descriptor.mediaType);
  }

  async #readBlob(descriptor: Descriptor, maxSize: number): Promise<Uint8Array> {
    const bytes = await readDocument(this.#files, { name: blobName(descriptor), maxSize });
    const { digest, size } = descriptor;
    if (bytes.length === size && digestOf(bytes, digest) === digest) return bytes;
    throw new EnrootError(`Cannot read ${digest}: the data does not match its digest`);
  }
}

function blobName({ digest }: Descriptor): string {
  return `blobs/${digest.replace(":", "/")}`;
}
