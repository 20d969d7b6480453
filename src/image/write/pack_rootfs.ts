import type { ByteString } from "../../bytes/mod.ts";
import { letSignalsIn, logInfo } from "../../diagnostics/mod.ts";
import { createSquashfsWriter } from "../../formats/squashfs/mod.ts";
import { scanRootfs } from "../../rootfs/mod.ts";
import { writeImageFile } from "./image_file.ts";
import { type PackFileOptions, writerOptions } from "./pack.ts";

/**
 * Writes the root filesystem of a container as a squashfs file.
 *
 * @throws {EnrootError} when it cannot be read or the file not written; there is no file then
 */
export async function packRootfs(
  directory: ByteString,
  options: PackFileOptions,
): Promise<void> {
  const format = writerOptions(options);
  await writeImageFile(options.output, {
    force: options.force,
    write: async (file) => {
      logInfo("Creating squashfs filesystem...");
      using store = createSquashfsWriter(file, format);
      const { processors } = options;
      await store.finish(await scanRootfs(directory, { store, processors }));
      await letSignalsIn();
    },
  });
}
