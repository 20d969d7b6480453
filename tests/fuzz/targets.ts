import type { FuzzTarget } from "./target.ts";
import { archiveTarget } from "./targets/archives.ts";
import { badTarget } from "./targets/bad.ts";
import { configTarget, engineTarget, manifestTarget } from "./targets/documents.ts";
import { extractionTarget } from "./targets/extraction.ts";
import { imageServiceTarget, requestTarget } from "./targets/image_service.ts";
import { layerTarget } from "./targets/layer.ts";
import { settingsTargets } from "./targets/settings.ts";
import { squashfsTarget } from "./targets/squashfs.ts";
import { blockTarget, streamTarget } from "./targets/streams.ts";
import { tarTarget } from "./targets/tar.ts";

/** Everything that reads bytes of others. */
export const TARGETS: readonly FuzzTarget[] = [
  tarTarget,
  layerTarget,
  squashfsTarget,
  extractionTarget,
  imageServiceTarget,
  requestTarget,
  streamTarget,
  blockTarget,
  archiveTarget,
  manifestTarget,
  configTarget,
  engineTarget,
  ...settingsTargets,
];

/** The target of a name. @throws {Error} there is none */
export function targetNamed(name: string): FuzzTarget {
  const target = [...TARGETS, badTarget].find((each) => each.name === name);
  if (target === undefined) throw new Error(`no such target: ${name}`);
  return target;
}
