import { type Digest, parseDigest } from "./digest.ts";
import { type ImageConfig, parseRunConfig } from "./image_config.ts";
import { asObject, asString, parseJsonList } from "./json.ts";
import { parsePlatformFields } from "./platform.ts";

/** An image as a container engine knows it. */
export interface EngineImage {
  /** The digest of its configuration. */
  id: Digest;
  /** Without digests of layers: an engine gives the file system in one piece. */
  config: ImageConfig;
}

/**
 * Reads what `docker image inspect` or `podman image inspect` prints about one image.
 *
 * @throws {EnrootError} when it is malformed
 */
export function parseEngineImage(bytes: Uint8Array): EngineImage {
  const image = asObject(parseJsonList(bytes, "image inspection")[0], "image inspection");
  const id = asString(image.Id, "Id of image inspection");
  const platform = { os: image.Os, architecture: image.Architecture, variant: image.Variant };
  return {
    // Podman leaves the algorithm out.
    id: parseDigest(id.includes(":") ? id : `sha256:${id}`),
    config: {
      platform: parsePlatformFields(platform, "image inspection"),
      run: parseRunConfig(image.Config),
      diffIds: [],
    },
  };
}
