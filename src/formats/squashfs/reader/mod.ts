/**
 * The reading half of squashfs, for programs that never write: it loads in half the time.
 *
 * ../mod.ts says what it promises.
 */
export type { FileKind } from "../format/layout.ts";
export { SquashfsError, type SquashfsErrorReason } from "../format/squashfs_error.ts";
export type { Superblock } from "../format/superblock.ts";
export type { DirectoryEntry } from "./directory.ts";
export type { BlockRun, FileLayout, FragmentBlock, FragmentTail } from "./file_layout.ts";
export type { RandomAccess } from "./image_bytes.ts";
export type {
  SquashfsDevice,
  SquashfsDirectory,
  SquashfsFile,
  SquashfsInode,
  SquashfsSpecial,
  SquashfsSymlink,
} from "./inode.ts";
export { openSquashfs, type SquashfsReader } from "./squashfs_reader.ts";
