/**
 * Tar archives as streams of members: V7, ustar, pax and GNU, sparse files and extended attributes.
 *
 * Reads synchronously what is pushed into it and copies no data. Says what an archive contains and
 * decides nothing about it: paths come as they are, `..` and all.
 */
export type { TarEntry } from "./entry.ts";
export { createTarReader, type TarHandler, type TarReader } from "./reader.ts";
export { TarError } from "./tar_error.ts";
