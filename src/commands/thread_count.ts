import type { Settings } from "../config/mod.ts";
import { descriptorLimit, raiseDescriptorLimit } from "../store/mod.ts";

/** What a thread takes for itself, and what all else may take. */
const DESCRIPTORS_PER_THREAD = 10;
const OTHER_DESCRIPTORS = 64;

/**
 * How many threads a command may have for its work: no more than there are descriptors for. The
 * process takes all that it may have; that is not for one which becomes a container.
 */
export function threadCount({ maxProcessors }: Settings): number {
  raiseDescriptorLimit();
  const most = Math.floor((descriptorLimit() - OTHER_DESCRIPTORS) / DESCRIPTORS_PER_THREAD);
  return Math.max(1, Math.min(maxProcessors, most));
}
