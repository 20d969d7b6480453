/**
 * A file tree in memory, and layers laid over it. Pure: knows neither disks nor archive formats.
 *
 * Paths and symbolic links are followed inside the tree only, as a process would whose root
 * directory is the tree's root; no path can be longer or deeper than Linux allows.
 */
export { contentDigest, contentHash } from "./content_digest.ts";
export type { FileStore } from "./file_store.ts";
export { FollowedNames } from "./followed_names.ts";
export { isKeptXattr } from "./kept_xattrs.ts";
export { emptyDirectory, TreeLayer } from "./layer.ts";
export { MemoryBudget } from "./memory_budget.ts";
export type {
  Attributes,
  Device,
  Directory,
  Inode,
  RegularFile,
  Special,
  SymbolicLink,
} from "./node.ts";
export { splitPath } from "./path.ts";
export { lookup, type Resolved, resolveDirectory } from "./resolve.ts";
export { TreeError } from "./tree_error.ts";
export { type Visit, walk } from "./walk.ts";
