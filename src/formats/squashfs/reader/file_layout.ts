import { DATA_STORED } from "../format/layout.ts";
import { corrupt } from "../format/squashfs_error.ts";
import { type FileBlock, storedLength } from "./block_list.ts";

/** A piece of a file's data in the image. Offsets are positions in the RandomAccess source. */
export type BlockRun =
  /** Adjacent blocks stored as they are: `storedLength` equals `length`. */
  | { kind: "stored"; offset: number; storedLength: number; length: number }
  /** One compressed block of `length` bytes; see readBlock(). */
  | { kind: "compressed"; offset: number; storedLength: number; length: number }
  /** So many zero bytes that are stored nowhere. */
  | { kind: "hole"; offset: number; storedLength: 0; length: number };

/** A block of the ends of several files. */
export interface FragmentBlock {
  /** Position in the RandomAccess source. */
  offset: number;
  storedLength: number;
  kind: "stored" | "compressed";
}

/** The end of a file, inside a fragment block. */
export interface FragmentTail {
  fragment: FragmentBlock;
  /** Where in the decoded fragment block the file's bytes are; see readFragment(). */
  offset: number;
  length: number;
}

/** Where a file's data is: the runs one after the other, then the tail. */
export interface FileLayout {
  /** Adjacent stored blocks, and adjacent holes, are one run. */
  blocks: Iterable<BlockRun>;
  tail: FragmentTail | null;
}

/** Joins the blocks of a file to runs; `base` is where the image begins in its source. */
export function* blockRuns(blocks: Iterable<FileBlock>, base: number): Generator<BlockRun> {
  let run: BlockRun | null = null;
  for (const block of blocks) {
    const next = blockRun(block, base);
    if (run !== null && run.kind === next.kind && run.kind !== "compressed") {
      run.length += next.length;
      if (run.kind === "stored") run.storedLength += next.length;
    } else {
      if (run !== null) yield run;
      run = next;
    }
  }
  if (run !== null) yield run;
}

function blockRun(block: FileBlock, base: number): BlockRun {
  const offset = base + block.position;
  const { length } = block;
  const stored = storedLength(block.size);
  if (block.size === 0) return { kind: "hole", offset, storedLength: 0, length };
  if ((block.size & DATA_STORED) === 0) {
    return { kind: "compressed", offset, storedLength: stored, length };
  }
  if (stored !== length) throw corrupt(`stored block of ${stored} instead of ${length} bytes`);
  return { kind: "stored", offset, storedLength: stored, length };
}
