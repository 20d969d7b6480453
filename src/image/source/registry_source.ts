import { EnrootError, logInfo, type Progress, startProgress } from "../../diagnostics/mod.ts";
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
} from "../../formats/oci/mod.ts";
import {
  type ManifestDocument,
  type RegistryOptions,
  RepositoryClient,
} from "../../registry/mod.ts";
import {
  BlobCache,
  descriptorLimit,
  type Fill,
  type PartialBlob,
  type StoredBlob,
} from "../../store/mod.ts";
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
/** Which parts of the descriptors of the process may be blobs in open files, and transfers. */
const BLOB_SHARE = 8;
const TRANSFER_SHARE = 16;

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
  /** Limits transfers, and the blobs that are held open for their readers. */
  readonly #limit: ConnectionLimit;
  readonly #held: ConnectionLimit;
  readonly #layers: HeldLayer[] = [];
  #progress: Progress | undefined;
  #downloads = 0;

  constructor(reference: RegistryReference, options: RegistrySourceOptions) {
    this.provenance = provenance(reference);
    this.#reference = reference;
    this.#cache = new BlobCache(options.cachePath, options.tempPath);
    this.#client = new RepositoryClient(reference, options);
    const descriptors = descriptorLimit();
    const share = (part: number) => Math.max(2, Math.floor(descriptors / part));
    this.#limit = new ConnectionLimit(Math.min(options.maxConnections, share(TRANSFER_SHARE)));
    this.#held = new ConnectionLimit(share(BLOB_SHARE));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cache[Symbol.dispose]();
    this.#client[Symbol.dispose]();
    for (const layer of this.#layers) layer.release();
    await Promise.allSettled(this.#layers.map(({ blob }) => blob));
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
      if (!this.#cache.has(layer)) missing.add(layer.digest);
    }
    logInfo(
      missing.size === 0
        ? "Found all layers in cache"
        : `Downloading ${missing.size} missing layers...`,
    );
    return { manifestDigest: digest, config: parseImageConfig(bytes), layers: manifest.layers };
  }

  openLayer(layer: Descriptor): Promise<AsyncIterable<Uint8Array>> {
    const held = this.#hold(() =>
      this.#limit.run(() => this.#cache.obtain(layer, (partial) => this.#download(partial)))
    );
    this.#layers.push(held);
    const opened = held.blob.then((blob) => released(blob.content(), held));
    // Whoever asked for several layers hears of the first that fails; the others fail unheard.
    opened.catch(() => {});
    return opened;
  }

  /**
   * Gets a blob in its turn, and keeps it open until it is released. As readers take the layers in
   * the order in which they ask for them, those that are held are always the ones read next.
   */
  #hold(obtain: () => Promise<StoredBlob>): HeldLayer {
    const { promise: end, resolve: release } = Promise.withResolvers<void>();
    const { promise: blob, resolve, reject } = Promise.withResolvers<StoredBlob>();
    this.#held.run(async () => {
      using obtained = await obtain();
      resolve(obtained);
      await end;
    }).catch(reject);
    return { blob, release };
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
    return await kept.bytes();
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

/** A layer's blob, and how to close it. */
interface HeldLayer {
  blob: Promise<StoredBlob>;
  release(): void;
}

async function* released(
  content: AsyncIterable<Uint8Array>,
  { release }: HeldLayer,
): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } finally {
    release();
  }
}
