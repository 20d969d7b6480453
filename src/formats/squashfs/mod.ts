/**
 * Squashfs 4.0 images: reading and writing.
 *
 * The kernel's Documentation/filesystems/squashfs.rst and fs/squashfs/squashfs_fs.h define the
 * format. The reader trusts nothing in an image and reads every compression and every kind of
 * inode; the writer makes images that Linux, squashfuse and unsquashfs read, in one pass over the
 * data and the same for the same input, with worker threads for what is compressed. Both work on
 * any bytes that can be read or written at an offset, and never open files themselves.
 */
export * from "./reader/mod.ts";
export type { FileData } from "./writer/file_data.ts";
export { parseSquashfsOptions, type SquashfsOptions } from "./writer/options.ts";
export type { SquashfsOutput } from "./writer/output.ts";
export { createSquashfsWriter, type SquashfsWriter } from "./writer/squashfs_writer.ts";
