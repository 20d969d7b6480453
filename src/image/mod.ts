/**
 * Images: where they come from, what they consist of, and how their layers become one root
 * filesystem.
 *
 * A source gives documents and verified bytes; everything in them is hostile all the same. Nothing
 * is unpacked to disk on the way: layers are decoded into a tree in memory and a stream of file data.
 */
export { assembleImage, type AssembleOptions } from "./assemble.ts";
export { hostPlatform } from "./host_platform.ts";
export { type NamedImage, parseImageUri } from "./open_source.ts";
export { type PackFileOptions, packImage, type PackOptions, parseSourceDateEpoch } from "./pack.ts";
export { packRootfs } from "./pack_rootfs.ts";
export {
  defaultName,
  parseReference,
  type RegistryReference,
  unknownSchemeError,
} from "./reference.ts";
export { RegistrySource, type RegistrySourceOptions } from "./registry_source.ts";
export type { ImageSource, ResolvedImage } from "./source.ts";
export { unpackImage, type UnpackOptions } from "./unpack.ts";
