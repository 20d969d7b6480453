import { EnrootError, letSignalsIn, logInfo } from "../../diagnostics/mod.ts";
import type { Platform } from "../../formats/oci/mod.ts";
import {
  createSquashfsWriter,
  parseSquashfsOptions,
  type SquashfsOptions,
} from "../../formats/squashfs/mod.ts";
import { assembleImage } from "../layers/assemble.ts";
import { writeImageFile } from "./image_file.ts";
import type { ImageSource } from "../source/source.ts";

/** How to write an image file. */
export interface PackFileOptions {
  /** The file to write. */
  output: string;
  /** Whether it may replace one that exists. */
  force: boolean;
  /** In mksquashfs syntax. */
  squashOptions: string[];
  /** How many compress at once, unless the options above say it. */
  processors: number;
  /** What every time in the image is set to, in seconds since the epoch; null to keep them. */
  sourceDateEpoch: number | null;
}

export interface PackOptions extends PackFileOptions {
  platform: Platform;
}

/**
 * Writes an image as a squashfs file.
 *
 * @throws {EnrootError} when it cannot be had or written; there is no file then
 */
export async function packImage(
  open: () => Promise<ImageSource>,
  options: PackOptions,
): Promise<void> {
  const { platform, output, force, processors, sourceDateEpoch } = options;
  const format = writerOptions(options);
  const mtime = sourceDateEpoch ?? Math.floor(Date.now() / 1000);
  await writeImageFile(output, {
    force,
    write: async (file) => {
      await using source = await open();
      using store = createSquashfsWriter(file, format);
      const root = await assembleImage(source, { platform, processors, store, mtime });
      logInfo("Creating squashfs filesystem...");
      await store.finish(root);
      await letSignalsIn();
    },
  });
}

/** The options of the squashfs writer. @throws {EnrootError} naming one that is unknown */
export function writerOptions(
  { squashOptions, processors, sourceDateEpoch }: PackFileOptions,
): SquashfsOptions {
  const options = parseSquashfsOptions(squashOptions);
  options.processors ??= processors;
  if (sourceDateEpoch !== null) {
    options.modificationTime = sourceDateEpoch;
    options.allTime = sourceDateEpoch;
  }
  return options;
}

/**
 * Reads the value of SOURCE_DATE_EPOCH (reproducible-builds.org): a number of seconds that squashfs
 * can hold.
 *
 * @throws {EnrootError} when it is none
 */
export function parseSourceDateEpoch(text: string | undefined): number | null {
  if (text === undefined || text === "") return null;
  const seconds = /^[0-9]{1,10}$/.test(text) ? Number(text) : NaN;
  if (seconds <= 0xffffffff) return seconds;
  throw new EnrootError(`Invalid argument: SOURCE_DATE_EPOCH=${text}`);
}
