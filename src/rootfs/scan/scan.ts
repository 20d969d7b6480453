import type { ByteString } from "../../bytes/mod.ts";
import { type Progress, startProgress } from "../../diagnostics/mod.ts";
import type { Directory, FileStore } from "../../fstree/mod.ts";
import { openRoot } from "./open_root.ts";
import { replayScan } from "./scan_batch.ts";
import { scanBatches } from "./scan_thread.ts";
import { ScanWalk } from "./scan_walk.ts";
import { ScannedTree } from "./scanned_tree.ts";
import { runInSlices } from "../shared/time_slices.ts";

/** How much is read at once, in bytes. */
const BUFFER_SIZE = 1 << 20;

/** Where the data of files goes, and how many may work on it. */
export interface ScanOptions<Content> {
  store: FileStore<Content>;
  processors: number;
}

/**
 * Reads the root filesystem of a container: the tree is returned, the data of its files is in the
 * store.
 *
 * Everything belongs to root. What a start leaves behind is left out: mount points (empty and without
 * any permission), what is in `/dev`, the runtime's own files. Holes, hard links and the attributes
 * that images keep are kept. What its owner may not read is read all the same. The walk never leaves
 * the directory nor its file system: what is mounted in it is an empty directory. Files that others
 * remove meanwhile are not there.
 *
 * @throws {EnrootError} naming the file that cannot be read
 */
export async function scanRootfs<Content>(
  path: ByteString,
  { store, processors }: ScanOptions<Content>,
): Promise<Directory<Content>> {
  using progress = startProgress();
  return processors > 1
    ? await scanThere(path, { store, progress })
    : await scanHere(path, { store, progress });
}

interface Scan<Content> {
  store: FileStore<Content>;
  progress: Progress;
}

async function scanHere<Content>(
  path: ByteString,
  { store, progress }: Scan<Content>,
): Promise<Directory<Content>> {
  using descent = openRoot(path);
  const tree = new ScannedTree(store);
  const buffer = new Uint8Array(BUFFER_SIZE);
  const walk = new ScanWalk(descent, { sink: tree, buffer, digestsBelow: store.digestsBelow ?? 0 });
  const steps = function* () {
    for (const filled of walk.run()) {
      yield filled;
      // By now the store has been waited for.
      if (filled > 0) walk.use(buffer);
    }
  };
  await runInSlices(steps(), progress, { drain: () => store.drain() });
  return tree.root;
}

/** While a thread reads, this one stores. */
async function scanThere<Content>(
  path: ByteString,
  { store, progress }: Scan<Content>,
): Promise<Directory<Content>> {
  const tree = new ScannedTree(store);
  for await (const batch of scanBatches({ path, digestsBelow: store.digestsBelow ?? 0 })) {
    replayScan(batch, tree);
    progress.advance(batch.data.length);
    await store.drain();
  }
  return tree.root;
}
