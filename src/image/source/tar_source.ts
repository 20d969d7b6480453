import { type Descriptor, type Digest, PLAIN_LAYER_TYPE } from "../../formats/oci/mod.ts";
import { readFile } from "./file_set.ts";
import { checkInputFile } from "./input_file.ts";
import type { ImageSource, ResolvedImage } from "./source.ts";

/** The digest of an archive is not known before it has been read, and is not asked for. */
const NO_DIGEST: Digest = `sha256:${"0".repeat(64)}`;

/**
 * A source for a root filesystem in a plain tar archive, compressed or not: an image of one layer
 * whose configuration says nothing but that it is run by a shell.
 */
export class TarSource implements ImageSource {
  readonly provenance: string;
  readonly #path: string;

  /** @throws {EnrootError} when it is nothing with an end */
  constructor(path: string, { provenance }: { provenance: string }) {
    this.provenance = provenance;
    this.#path = path;
    checkInputFile(path, { often: false });
  }

  resolve(): Promise<ResolvedImage> {
    const layer: Descriptor = {
      mediaType: PLAIN_LAYER_TYPE,
      digest: NO_DIGEST,
      size: Deno.statSync(this.#path).size,
      urls: [],
    };
    return Promise.resolve({
      manifestDigest: null,
      config: {
        platform: { os: "linux", architecture: "", variant: "" },
        run: { env: [], entrypoint: [], cmd: ["/bin/sh"], workingDir: "", labels: [], volumes: [] },
        diffIds: [],
      },
      layers: [layer],
      layerName: this.#path,
    });
  }

  openLayer(): Promise<AsyncIterable<Uint8Array>> {
    return Promise.resolve(readFile(this.#path));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
