import { basename } from "@std/path";
import { byteStringFromText } from "../bytes/mod.ts";
import { ensureDirectory } from "../config/mod.ts";
import { logInfo } from "../diagnostics/mod.ts";
import { extractImage, openImage, removeTree } from "../rootfs/mod.ts";
import { absolutePath, newContainer } from "../store/mod.ts";
import { callerOf } from "./caller.ts";
import type { Context } from "./context.ts";
import { threadCount } from "./thread_count.ts";

export interface CreateOptions {
  /** Path of the image. */
  image: string;
  /** Of the container; the image's without `.sqsh` if absent or empty. */
  name?: string;
}

/** Makes a container of an image file. */
export async function create(
  { image, name }: CreateOptions,
  { settings }: Context,
): Promise<number> {
  const path = absolutePath(image);
  using file = openImage(path);
  ensureDirectory(settings.dataPath);
  const interruption = new AbortController();
  using container = newContainer(name || basename(path, ".sqsh"), {
    dataPath: settings.dataPath,
    force: settings.forceOverride,
    interrupt: () => interruption.abort(),
    remove: (directory) => removeTree(byteStringFromText(directory)),
  });
  logInfo("Extracting squashfs filesystem...");
  await extractImage(file, byteStringFromText(container.path), {
    processors: threadCount(settings),
    keepPrivileges: callerOf(settings).superuser,
    interruption: interruption.signal,
  });
  container.publish();
  return 0;
}
