/**
 * Root filesystems on disk: from an image or a tree to a directory, back to a tree, and away.
 *
 * Works relative to directory descriptors, so nothing in an image or left behind by a container can
 * lead it out of the directory it was given.
 *
 * Rooms: `extract` (image to directory), `place` (tree to directory), `scan` (directory to tree), and
 * what they share.
 */
export { extractImage, type ExtractOptions } from "./extract/extract.ts";
export { type ImageFile, openImage } from "./shared/image_file.ts";
export { type PlacementOptions, placeTree } from "./place/placement.ts";
export { removeTree } from "./shared/remove.ts";
export { scanRootfs } from "./scan/scan.ts";
export { type StagedData, Staging } from "./place/staging.ts";
export { treeMemory } from "./shared/tree_memory.ts";
