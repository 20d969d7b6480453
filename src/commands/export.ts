import { byteStringFromText } from "../bytes/mod.ts";
import { packRootfs, parseSourceDateEpoch } from "../image/mod.ts";
import { resolveContainer } from "../store/mod.ts";
import type { Context } from "./context.ts";
import { threadCount } from "./thread_count.ts";

export interface ExportOptions {
  /** Of the container. */
  name: string;
  /** Named after the container, in the working directory, if not given. */
  output?: string;
}

/** Makes an image file of a container. */
export async function exportContainer(
  { name, output }: ExportOptions,
  { settings, environment }: Context,
): Promise<number> {
  const directory = resolveContainer(name, settings.dataPath);
  await packRootfs(byteStringFromText(directory), {
    output: output ?? `${name}.sqsh`,
    force: settings.forceOverride,
    squashOptions: settings.squashOptions,
    processors: threadCount(settings),
    sourceDateEpoch: parseSourceDateEpoch(environment["SOURCE_DATE_EPOCH"]),
  });
  return 0;
}
