/**
 * Images: where they come from, what they consist of, and how their layers become one root
 * filesystem.
 *
 * A source gives documents and verified bytes; everything in them is hostile all the same. Nothing
 * is unpacked to disk on the way: layers are decoded into a tree in memory and a stream of file data.
 *
 * Rooms: `source` (references, registries, archives, engines), `layers` (decoded and flattened),
 * `write` (to an image file or a directory).
 */
export { assembleImage, type AssembleOptions } from "./layers/assemble.ts";
export { hostPlatform } from "./source/host_platform.ts";
export { type NamedImage, parseImageUri } from "./source/open_source.ts";
export {
  type PackFileOptions,
  packImage,
  type PackOptions,
  parseSourceDateEpoch,
} from "./write/pack.ts";
export { packRootfs } from "./write/pack_rootfs.ts";
export {
  defaultName,
  parseReference,
  type RegistryReference,
  unknownSchemeError,
} from "./source/reference.ts";
export { RegistrySource, type RegistrySourceOptions } from "./source/registry_source.ts";
export type { ImageSource, ResolvedImage } from "./source/source.ts";
export { unpackImage, type UnpackOptions } from "./write/unpack.ts";
