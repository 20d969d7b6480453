/**
 * The documents of container images — manifests, indexes, configurations — and the digests and
 * platforms they speak of, as Docker and the Open Container Initiative define them.
 *
 * Everything here comes from outside: what is returned has been checked, and what does not fit is an
 * error that says where. Knows nothing of how documents are fetched.
 */
export { type Descriptor, parseDescriptor } from "./descriptor.ts";
export { type Digest, DigestBuilder, digestOf, isDigest, parseDigest } from "./digest.ts";
export {
  type ImageConfig,
  MAX_CONFIG_SIZE,
  parseImageConfig,
  type RunConfig,
} from "./image_config.ts";
export {
  chooseManifest,
  type ImageIndex,
  type ImageManifest,
  type IndexEntry,
  MAX_MANIFEST_SIZE,
  parseManifest,
} from "./manifest.ts";
export { MANIFEST_MEDIA_TYPES, PLAIN_LAYER_TYPE } from "./media_type.ts";
export { type EngineImage, parseEngineImage } from "./engine_image.ts";
export { parseSavedImages, type SavedImage } from "./saved_images.ts";
export { parsePlatform, type Platform, platformDistance, platformName } from "./platform.ts";
