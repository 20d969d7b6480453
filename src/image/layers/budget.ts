import { TreeError } from "../../fstree/mod.ts";
import { treeMemory } from "../../rootfs/mod.ts";

/**
 * The tree is held in memory: what files cost there, besides their texts. As measured, by what the
 * process grows until an image is written: 650 bytes for a file, 1400 for a directory with one name.
 */
export const FILE_BYTES = 700;
export const DIRECTORY_BYTES = 1400;
/** What an extended attribute costs besides its texts, and a file that has any, as measured. */
export const XATTR_BYTES = 450;
/** Holes cost an archive nothing, but an image a few bytes for each block. */
const MAX_HOLE_BYTES = 4 * 2 ** 40;

/** What an image may still use up. */
export interface Budget {
  /** Memory for the tree. */
  treeBytes: number;
  holeBytes: number;
}

/** What an image may use up before its first layer. */
export function fullBudget(): Budget {
  return { treeBytes: treeMemory(), holeBytes: MAX_HOLE_BYTES };
}

/** Takes memory for the tree. @throws {TreeError} when there is none left */
export function chargeTree(budget: Budget, bytes: number): void {
  budget.treeBytes -= bytes;
  if (budget.treeBytes < 0) throw new TreeError("too many files for the memory that there is");
}

/** Takes holes. @throws {TreeError} when there are none left */
export function chargeHole(budget: Budget, bytes: number): void {
  budget.holeBytes -= bytes;
  if (budget.holeBytes < 0) throw new TreeError("too large a sparse file");
}
