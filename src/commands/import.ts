import { hostPlatform, packImage, parseImageUri, parseSourceDateEpoch } from "../image/mod.ts";
import type { Context } from "./context.ts";
import { threadCount } from "./thread_count.ts";

export interface ImportOptions {
  uri: string;
  arch?: string;
  /** Named after the image, in the working directory, if not given. */
  output?: string;
}

/** Makes a squashfs file of an image. */
export async function importImage(
  { uri, arch, output }: ImportOptions,
  { settings, environment }: Context,
): Promise<number> {
  const image = parseImageUri(uri);
  const variables = { ...environment, ...Object.fromEntries(settings.variables) };
  await packImage(() => image.open({ ...settings, environment: variables }), {
    platform: hostPlatform(arch),
    output: output ?? `${image.defaultName}.sqsh`,
    force: settings.forceOverride,
    squashOptions: settings.squashOptions,
    processors: threadCount(settings),
    sourceDateEpoch: parseSourceDateEpoch(environment["SOURCE_DATE_EPOCH"]),
  });
  return 0;
}
