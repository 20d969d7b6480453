/**
 * A file tree in memory. Pure: knows neither disks nor archive formats.
 */
export type {
  Attributes,
  Device,
  Directory,
  Inode,
  RegularFile,
  Special,
  SymbolicLink,
} from "./node.ts";
