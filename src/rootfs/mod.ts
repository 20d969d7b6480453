/**
 * Root filesystems on disk: from an image to a directory, and away.
 *
 * Works relative to directory descriptors, so nothing in an image or left behind by a container can
 * lead it out of the directory it was given.
 */
export { extractImage } from "./extract.ts";
export { type ImageFile, openImage } from "./image_file.ts";
export { removeTree } from "./remove.ts";
