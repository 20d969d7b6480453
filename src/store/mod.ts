/**
 * What we keep on disk between runs and during one: the cache of image blobs, temporary files.
 *
 * Several processes may use the same directories at the same time, on network file systems too.
 * Nothing half-made ever has its final name, and nothing temporary a predictable one.
 */
export { absolutePath } from "./absolute_path.ts";
export { BlobCache, type Fill } from "./blob_cache.ts";
export {
  type CachedBlob,
  listCache,
  pruneCache,
  type PruneOptions,
  verifyCachedBlob,
} from "./cache_contents.ts";
export { resolveContainer, type StartTarget } from "./containers.ts";
export { newContainer } from "./new_container.ts";
export { descriptorLimit, raiseDescriptorLimit } from "../linux/mod.ts";
export { openInputPipe } from "./input_pipe.ts";
export { NewFile, type NewFileOptions } from "./new_file.ts";
export type { PartialBlob } from "./partial_blob.ts";
export { type ScratchFile, scratchFile } from "./scratch_file.ts";
export type { StoredBlob } from "./stored_blob.ts";
export { onTermination } from "./temporary.ts";
