import type { ByteString } from "../../bytes/mod.ts";
import { startProgress } from "../../diagnostics/mod.ts";
import { SquashfsError, type Superblock } from "../../formats/squashfs/reader/mod.ts";
import { carryOut, type ExtractContext, NO_LIMITS } from "./extract_task.ts";
import { ExtractWorkers } from "./extract_workers.ts";
import { Extraction } from "./extraction.ts";
import { type ImageFile, invalidImage } from "../shared/image_file.ts";
import { warnOfLosses } from "../shared/losses.ts";
import { makeRoot, removeAfter } from "../shared/new_root.ts";
import { runInSlices } from "../shared/time_slices.ts";

/** More workers would take memory, and wait for each other in the file system. */
const MAX_WORKERS = 8;
/** Milliseconds of work below which it does not pay to start workers. */
const WORTH_WORKERS = 150;
/** Roughly what a file takes, and a megabyte of the image, in milliseconds. */
const FILE_COST = 0.04;
const MEGABYTE_COST = 1.5;

/** How far a worker goes before the rest of its task is another one's, in bytes. */
const LIMITS = { fileSize: 64 << 20, taskSize: 32 << 20 };

/** How an image is extracted. */
export interface ExtractOptions {
  /** How many may work on it. */
  processors: number;
  /** See {@link FileMakerOptions}. */
  keepPrivileges: boolean;
  /**
   * Stops everything at once: when it has been aborted, no more files are made. What is there
   * already can then be removed, by whoever aborted it.
   */
  interruption?: AbortSignal;
}

/**
 * Extracts an image to a directory, which must not exist yet.
 *
 * Everything belongs to the caller. Modes and modification times are those of the image, except
 * that directories get u+rwx and files u+r, so that their owner can always read and remove them, and
 * that files lose set-id bits unless they keep privileges. Hard links, holes and `user.*` attributes
 * are kept, `security.capability` only with privileges and for the superuser; device nodes are left
 * out. What could not be kept is told in a warning, once.
 *
 * Events are let in while it runs; another process must leave the directory alone.
 *
 * @throws {EnrootError} naming the file that failed; nothing is left behind
 */
export async function extractImage(
  image: ImageFile,
  path: ByteString,
  { processors, keepPrivileges, interruption = new AbortController().signal }: ExtractOptions,
): Promise<void> {
  using root = makeRoot(path, image.reader.root());
  try {
    const making = { unsettable: root.unsettable, keepPrivileges };
    using extraction = new Extraction(image, { root, making });
    using progress = startProgress();
    progress.expect(image.reader.superblock.bytesUsed);
    const count = workersFor(image.reader.superblock, processors);
    if (count > 1) {
      const context = { image, making, limits: LIMITS };
      using workers = new ExtractWorkers(extraction, { count, context, interruption, progress });
      await workers.run();
    } else {
      const context = { image, making, limits: NO_LIMITS };
      await runInSlices(allTasks(extraction, context), progress, { interruption });
    }
    await runInSlices(extraction.makeLinks(), progress, { interruption });
    warnOfLosses(extraction.losses);
  } catch (error) {
    const cause = error instanceof SquashfsError ? invalidImage(image.path, error) : error;
    removeAfter(cause, path);
    throw cause;
  }
}

function* allTasks(extraction: Extraction, context: ExtractContext): Generator<number> {
  for (let task = extraction.next(); task !== null; task = extraction.next()) {
    if (task === "later") yield 0;
    else extraction.finish(task, yield* carryOut(task, context));
  }
}

function workersFor({ inodeCount, bytesUsed }: Superblock, processors: number): number {
  const cost = inodeCount * FILE_COST + bytesUsed / 1e6 * MEGABYTE_COST;
  return cost < WORTH_WORKERS ? 1 : Math.min(processors, MAX_WORKERS);
}
