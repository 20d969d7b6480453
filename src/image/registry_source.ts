import {
  EnrootError,
  logInfo,
  messageOf,
  type Progress,
  startProgress,
} from "../diagnostics/mod.ts";
import {
  chooseManifest,
  type Descriptor,
  type Digest,
  type ImageManifest,
  MAX_CONFIG_SIZE,
  MAX_MANIFEST_SIZE,
  parseImageConfig,
  parseManifest,
  type Platform,
} from "../formats/oci/mod.ts";
import { type ManifestDocument, type RegistryOptions, RepositoryClient } from "../registry/mod.ts";
import { BlobCache, type Fill, type PartialBlob, type StoredBlob } from "../store/mod.ts";
import { ConnectionLimit } from "./connection_limit.ts";
import { manifestSelector, provenance, type RegistryReference } from "./reference.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

/** How to get images from registries, and where to keep what was downloaded. */
export interface RegistrySourceOptions extends RegistryOptions {
  cachePath: string;
  tempPath: string;
  /** How many transfers at a time; Infinity for no limit. */
  maxConnections: number;
}

/** An index may refer to others; no real one goes further. */
const MAX_INDEX_DEPTH = 3;
const READ_SIZE = 256 * 1024;

/**
 * An image in a registry.
 *
 * Everything goes through the cache, manifests and configurations too: what is asked for by digest
 * and has been here before needs no registry.
 */
export class RegistrySource implements ImageSource {
  readonly provenance: string;
  readonly #reference: RegistryReference;
  readonly #client: RepositoryClient;
  readonly #cache: BlobCache;
  readonly #limit: ConnectionLimit;
  readonly #blobs: Promise<StoredBlob>[] = [];
  #progress: Progress | undefined;
  #downloads = 0;

  constructor(reference: RegistryReference, options: RegistrySourceOptions) {
    this.provenance = provenance(reference);
    this.#reference = reference;
    this.#client = new RepositoryClient(reference, options);
    this.#cache = new BlobCache(options.cachePath, options.tempPath);
    this.#limit = new ConnectionLimit(options.maxConnections);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cache[Symbol.dispose]();
    this.#client[Symbol.dispose]();
    for (const result of await Promise.allSettled(this.#blobs)) {
      if (result.status === "fulfilled") result.value[Symbol.dispose]();
    }
  }

  /** The digest of the manifest for a platform. @throws {EnrootError} when there is none */
  async digest(platform: Platform): Promise<Digest> {
    return (await this.#manifest(platform)).digest;
  }

  async resolve(platform: Platform): Promise<ResolvedImage> {
    const { digest, manifest } = await this.#manifest(platform);
    const bytes = await this.#document(manifest.config, {
      limit: MAX_CONFIG_SIZE,
      fill: (partial) => this.#client.download(partial, "document"),
    });
    const missing = new Set<Digest>();
    for (const layer of manifest.layers) {
      if (!await this.#cache.has(layer)) missing.add(layer.digest);
    }
    logInfo(
      missing.size === 0
        ? "Found all layers in cache"
        : `Downloading ${missing.size} missing layers...`,
    );
    return { manifestDigest: digest, config: parseImageConfig(bytes), layers: manifest.layers };
  }

  openLayer(layer: Descriptor): Promise<AsyncIterable<Uint8Array>> {
    const blob = this.#limit.run(() =>
      this.#cache.obtain(layer, (partial) => this.#download(partial))
    );
    this.#blobs.push(blob);
    const opened = blob.then(({ path }) => contentOf(path));
    // Whoever asked for several layers hears of the first that fails; the others fail unheard.
    opened.catch(() => {});
    return opened;
  }

  async #download(partial: PartialBlob): Promise<void> {
    this.#progress ??= startProgress();
    const progress = this.#progress;
    this.#downloads++;
    progress.expect(partial.blob.size - partial.size);
    try {
      await this.#client.download(reporting(partial, progress));
    } finally {
      if (--this.#downloads === 0) {
        progress[Symbol.dispose]();
        this.#progress = undefined;
      }
    }
  }

  async #manifest(platform: Platform): Promise<{ digest: Digest; manifest: ImageManifest }> {
    let document = await this.#topDocument();
    logInfo("Fetching image manifest list");
    logInfo("Fetching image manifest");
    for (let depth = 0;; depth++) {
      const manifest = parseManifest(document.bytes, document.mediaType);
      if (manifest.kind === "image") return { digest: document.digest, manifest };
      if (depth === MAX_INDEX_DEPTH) {
        throw new EnrootError(`Cannot read image index ${document.digest}: nested too deeply`);
      }
      const entry = chooseManifest(manifest, platform);
      const { digest, mediaType } = entry;
      const bytes = await this.#document(entry, {
        limit: MAX_MANIFEST_SIZE,
        fill: async (partial) => partial.write((await this.#client.fetchManifest(digest)).bytes),
      });
      document = { bytes, digest, mediaType };
    }
  }

  async #topDocument(): Promise<ManifestDocument> {
    const { digest } = this.#reference;
    if (digest !== undefined) {
      const bytes = await this.#cache.read(digest, MAX_MANIFEST_SIZE);
      if (bytes !== undefined) return { bytes, digest, mediaType: "" };
    }
    const document = await this.#client.fetchManifest(manifestSelector(this.#reference));
    const blob = { ...document, size: document.bytes.length, urls: [] };
    using _kept = await this.#cache.obtain(blob, (partial) => partial.write(document.bytes));
    return document;
  }

  async #document(
    blob: Descriptor,
    { limit, fill }: { limit: number; fill: Fill },
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (blob.size > limit) {
      throw new EnrootError(`Cannot read ${blob.digest}: larger than ${limit} bytes`);
    }
    using kept = await this.#cache.obtain(blob, fill);
    return await Deno.readFile(kept.path);
  }
}

/** A download that tells how far it has got. */
function reporting(partial: PartialBlob, progress: Progress) {
  return {
    get blob() {
      return partial.blob;
    },
    get size() {
      return partial.size;
    },
    get received() {
      return partial.received;
    },
    write(bytes: Uint8Array): Promise<void> {
      progress.advance(bytes.length);
      return partial.write(bytes);
    },
    restart(): Promise<void> {
      progress.advance(-partial.size);
      return partial.restart();
    },
  };
}

async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    using file = await Deno.open(path);
    for (;;) {
      const chunk = new Uint8Array(READ_SIZE);
      const length = await file.read(chunk);
      if (length === null) return;
      yield chunk.subarray(0, length);
    }
  } catch (cause) {
    throw new EnrootError(`Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}
