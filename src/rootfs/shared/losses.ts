import { logWarning } from "../../diagnostics/mod.ts";

/** What of an image could not be made. */
export interface Losses {
  deviceNodes: number;
  /** Pipes and sockets that the file system refused. */
  specialFiles: number;
  /** Extended attributes, and why the first of them. */
  attributes: { count: number; reason: string } | null;
}

export function noLosses(): Losses {
  return { deviceNodes: 0, specialFiles: 0, attributes: null };
}

export function addLosses(sum: Losses, more: Losses): void {
  sum.deviceNodes += more.deviceNodes;
  sum.specialFiles += more.specialFiles;
  if (more.attributes === null) return;
  sum.attributes ??= { count: 0, reason: more.attributes.reason };
  sum.attributes.count += more.attributes.count;
}

/** Tells the user, once. */
export function warnOfLosses({ deviceNodes, specialFiles, attributes }: Losses): void {
  if (deviceNodes > 0) logWarning(`Left out device nodes: ${deviceNodes}`);
  if (specialFiles > 0) {
    logWarning(`Left out pipes and sockets, which the file system refuses: ${specialFiles}`);
  }
  if (attributes !== null) {
    logWarning(`Left out extended attributes (${attributes.reason}): ${attributes.count}`);
  }
}
