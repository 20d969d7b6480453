import { getHeapStatistics } from "node:v8";
import { availableMemory } from "../../linux/mod.ts";

/**
 * What may be taken of the memory that there is, and of V8's heap: when that is full the program
 * ends with a stack trace. The rest is for what the costs of files leave out and for garbage.
 */
const SHARE = 0.5;

/** How much memory what is kept of a file tree may take, in bytes. */
export function treeMemory(): number {
  const heap = getHeapStatistics().heap_size_limit;
  return Math.floor(Math.min(heap, availableMemory()) * SHARE);
}
