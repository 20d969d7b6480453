import type { Hash } from "node:crypto";
import { EnrootError } from "../../../diagnostics/mod.ts";
import { contentDigest, contentHash } from "../../../fstree/mod.ts";
import { BlockQueue } from "./block_queue.ts";
import { blockCoding } from "./block_coding.ts";
import { Duplicates } from "./duplicates.ts";
import { CompressedBlocks, type FileBlocks, StoredBlocks } from "./file_blocks.ts";
import { StoredFile } from "./file_data.ts";
import { Fragments, type StoredFragment } from "./fragments.ts";
import type { SquashfsOptions } from "./options.ts";
import type { AppendingOutput } from "./output.ts";

/** Most blocks of one file, as of the reader: 8 TiB of 128 KiB blocks. */
const MAX_BLOCKS = 1 << 26;

/** The file that is being written. */
interface OpenFile {
  file: StoredFile;
  blocks: FileBlocks;
  /** Of what has been written into blocks so far, null when it is not wanted now. */
  hash: Hash | null;
  /** Whether the end goes into a fragment. */
  hasTail: boolean;
  written: number;
}

/** Writes the contents of files, one after the other. */
export class DataWriter {
  readonly #output: AppendingOutput;
  readonly #options: SquashfsOptions;
  readonly #queue: BlockQueue;
  readonly #fragments: Fragments;
  readonly #duplicates: Duplicates;
  #open: OpenFile | null = null;

  constructor(output: AppendingOutput, options: SquashfsOptions) {
    const { blockSize, memory, processors, compressFragments } = options;
    this.#output = output;
    this.#options = options;
    this.#queue = new BlockQueue(output, {
      coding: blockCoding(options),
      memory,
      processors: processors ?? navigator.hardwareConcurrency,
    });
    this.#fragments = new Fragments({
      output,
      queue: compressFragments ? this.#queue : null,
      blockSize,
    });
    this.#duplicates = new Duplicates(output.output);
  }

  get fragments(): StoredFragment[] {
    return this.#fragments.stored;
  }

  /** Files of fewer bytes lie in fragments alone, and are known by their digests. */
  get digestsBelow(): number {
    const { blockSize, fragments, shareDuplicates } = this.#options;
    return shareDuplicates && fragments !== "never" ? blockSize : 0;
  }

  beginFile(size: number): void {
    if (this.#open !== null) throw new Error("a file is being written already");
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`file of ${size} bytes`);
    const { blockSize, compressData, fragments, shareDuplicates } = this.#options;
    const tail = size % blockSize;
    const hasTail = tail > 0 &&
      (fragments === "always" || (fragments === "small-files" && size < blockSize));
    // May write a fragment block out, so it comes before the file's first block.
    if (hasTail) this.#fragments.reserve(tail);
    const file = new StoredFile(size, { bytes: hasTail ? size - tail : size, blockSize });
    const hash = shareDuplicates && file.blockBytes > 0 && (compressData || hasTail)
      ? contentHash()
      : null;
    const target = { file, output: this.#output, hash };
    const blocks = compressData
      ? new CompressedBlocks(target, this.#queue)
      : new StoredBlocks(target);
    this.#open = { file, blocks, hash, hasTail, written: 0 };
  }

  write(chunk: Uint8Array): void {
    const { blocks, inBlocks } = this.#advance(chunk.length);
    if (inBlocks > 0) blocks.write(inBlocks === chunk.length ? chunk : chunk.subarray(0, inBlocks));
    if (inBlocks < chunk.length) this.#fragments.write(chunk.subarray(inBlocks));
  }

  writeHole(length: number): void {
    const { blocks, inBlocks } = this.#advance(length);
    if (inBlocks > 0) blocks.writeHole(inBlocks);
    if (inBlocks < length) this.#fragments.writeZeros(length - inBlocks);
  }

  endFile(digest?: string): StoredFile {
    const open = this.#open;
    if (open === null || open.written !== open.file.size) {
      throw new Error(`file ends at ${open?.written} of ${open?.file.size} bytes`);
    }
    this.#open = null;
    const { file, blocks, hasTail } = open;
    if (file.blockCount > MAX_BLOCKS) {
      const { blockSize } = this.#options;
      throw new EnrootError(
        `Cannot write a file of ${file.size} bytes to the squashfs image: too many blocks of ${blockSize} bytes`,
      );
    }
    const first = this.#firstLike(open, digest);
    if (first !== file) {
      blocks.discard();
      this.#fragments.discard();
    } else if (hasTail) this.#fragments.commit(file);
    return first;
  }

  drain(): Promise<void> | undefined {
    return this.#queue.drain();
  }

  /** Ends the last fragment block; after this every block has its place. */
  async finish(): Promise<void> {
    if (this.#open !== null) throw new Error("a file is being written");
    this.#fragments.flush();
    await this.#queue.finish();
  }

  close(): void {
    this.#queue.close();
  }

  /** The first file with the contents of an open one, which may be itself. */
  #firstLike({ file, hash, hasTail }: OpenFile, digest?: string): StoredFile {
    if (!this.#options.shareDuplicates || file.size === 0) return file;
    if (file.blockBytes === 0) digest ??= this.#tailDigest();
    else if (hash === null) return this.#duplicates.findStored(file);
    else {
      if (hasTail) hash.update(this.#fragments.pending);
      digest = contentDigest(hash);
    }
    return this.#duplicates.find(file, digest);
  }

  #tailDigest(): string {
    return contentDigest(contentHash().update(this.#fragments.pending));
  }

  /** Counts bytes of the open file; tells how many of them belong into blocks. */
  #advance(length: number): { blocks: FileBlocks; inBlocks: number } {
    const open = this.#open;
    if (open === null || length > open.file.size - open.written) {
      throw new Error(`file passes its size of ${open?.file.size} bytes`);
    }
    const inBlocks = Math.max(0, Math.min(length, open.file.blockBytes - open.written));
    open.written += length;
    return { blocks: open.blocks, inBlocks };
  }
}
