import { byteStringFromText } from "../bytes/mod.ts";
import { ensureDirectory } from "../config/mod.ts";
import { hostPlatform, parseImageUri, parseSourceDateEpoch, unpackImage } from "../image/mod.ts";
import { removeTree } from "../rootfs/mod.ts";
import { newContainer } from "../store/mod.ts";
import { callerOf } from "./caller.ts";
import type { Context } from "./context.ts";
import { threadCount } from "./thread_count.ts";

export interface LoadOptions {
  uri: string;
  arch?: string;
  /** Of the container; the image's if absent. */
  name?: string;
}

/** Makes a container of an image elsewhere. */
export async function load(
  { uri, arch, name }: LoadOptions,
  { settings, environment }: Context,
): Promise<number> {
  const image = parseImageUri(uri);
  const platform = hostPlatform(arch);
  const sourceDateEpoch = parseSourceDateEpoch(environment["SOURCE_DATE_EPOCH"]);
  const variables = { ...environment, ...Object.fromEntries(settings.variables) };
  ensureDirectory(settings.dataPath);
  using container = newContainer(name ?? image.defaultName, {
    dataPath: settings.dataPath,
    force: settings.forceOverride,
    remove: (directory) => removeTree(byteStringFromText(directory)),
  });
  const path = byteStringFromText(container.path);
  await unpackImage(() => image.open({ ...settings, environment: variables }), {
    platform,
    processors: threadCount(settings),
    path,
    stagingPath: `${path}.data`,
    sourceDateEpoch,
    keepPrivileges: callerOf(settings).superuser,
  });
  container.publish();
  return 0;
}
