import { TreeError } from "../fstree/mod.ts";

/** The tree is held in memory: what files cost there, besides their texts, and all may cost. */
export const FILE_BYTES = 300;
export const DIRECTORY_BYTES = 600;
const MAX_TREE_BYTES = 1.5 * 2 ** 30;
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
  return { treeBytes: MAX_TREE_BYTES, holeBytes: MAX_HOLE_BYTES };
}

/** Takes memory for the tree. @throws {TreeError} when there is none left */
export function chargeTree(budget: Budget, bytes: number): void {
  budget.treeBytes -= bytes;
  if (budget.treeBytes < 0) throw new TreeError("too many files in the image");
}

/** Takes holes. @throws {TreeError} when there are none left */
export function chargeHole(budget: Budget, bytes: number): void {
  budget.holeBytes -= bytes;
  if (budget.holeBytes < 0) throw new TreeError("too large a sparse file");
}
