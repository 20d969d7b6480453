import { ByteWriter } from "../../../bytes/mod.ts";
import { inSlices } from "../../../diagnostics/mod.ts";
import type { Directory } from "../../../fstree/mod.ts";
import { FLAG, METADATA_STORED } from "../format/layout.ts";
import { encodeSuperblock, type Superblock, SUPERBLOCK_SIZE } from "../format/superblock.ts";
import { type BlockCoding, blockCoding } from "./block_coding.ts";
import { compact } from "./compaction.ts";
import { DataWriter } from "./data_writer.ts";
import { type FileData, StoredFile } from "./file_data.ts";
import { encodeFragments } from "./fragments.ts";
import { writeLookupTable } from "./lookup_table.ts";
import type { SquashfsOptions } from "./options.ts";
import { AppendingOutput, type SquashfsOutput } from "./output.ts";
import { childOf, planTree, type TreePlan } from "./tree_plan.ts";
import { writeTree, type WrittenTree } from "./tree_writer.ts";

/** Images are padded to a multiple of this, so that a loop device shows them whole. */
const PADDING = 4096;
/** lz4's options, without which the kernel mounts nothing: format version 1, no flags. */
const LZ4_VERSION = 1;

/**
 * Writes one squashfs image: first the contents of all files, then the tree that uses them.
 *
 * A writer that is not finished must be disposed of, because it may have workers.
 */
export interface SquashfsWriter extends Disposable {
  /** Files of fewer bytes need a digest of their contents: endFile() makes it if it gets none. */
  readonly digestsBelow: number;
  /** Starts a file's contents, of exactly so many bytes. One file at a time. */
  beginFile(size: number): void;
  /** Adds bytes; the chunk is the caller's again when the next drain() has resolved. */
  write(chunk: Uint8Array): void;
  /** Adds so many zeros. */
  writeHole(length: number): void;
  /**
   * Ends the contents. Files with equal contents may get the same FileData.
   *
   * @param digest their contentDigest(), which is looked at for no file but those below
   *   `digestsBelow`
   */
  endFile(digest?: string): FileData;
  /**
   * To be called about once per MiB and awaited when not undefined: lets compression catch up and
   * keeps memory bounded.
   *
   * @throws {EnrootError} compression broke down
   */
  drain(): Promise<void> | undefined;
  /**
   * Writes everything else. Contents the tree does not use are dropped from the image.
   *
   * @throws {EnrootError} the tree has something squashfs cannot hold
   */
  finish(root: Directory<FileData>): Promise<{ bytes: number; inodes: number }>;
}

/** Starts an image at the beginning of an empty output. */
export function createSquashfsWriter(
  output: SquashfsOutput,
  options: SquashfsOptions,
): SquashfsWriter {
  return new ImageWriter(output, options);
}

class ImageWriter implements SquashfsWriter {
  readonly #output: AppendingOutput;
  readonly #options: SquashfsOptions;
  readonly #data: DataWriter;
  readonly #dataStart: number;

  constructor(output: SquashfsOutput, options: SquashfsOptions) {
    this.#options = options;
    this.#output = new AppendingOutput(output, SUPERBLOCK_SIZE);
    if (options.compression === "lz4") this.#output.append(lz4Options());
    this.#dataStart = this.#output.position;
    this.#data = new DataWriter(this.#output, options);
  }

  beginFile(size: number): void {
    this.#data.beginFile(size);
  }

  write(chunk: Uint8Array): void {
    this.#data.write(chunk);
  }

  writeHole(length: number): void {
    this.#data.writeHole(length);
  }

  get digestsBelow(): number {
    return this.#data.digestsBelow;
  }

  endFile(digest?: string): FileData {
    return this.#data.endFile(digest);
  }

  drain(): Promise<void> | undefined {
    return this.#data.drain();
  }

  async finish(root: Directory<FileData>): Promise<{ bytes: number; inodes: number }> {
    await this.#data.finish();
    const plan = await inSlices(planTree(root));
    const files = await inSlices(filesOf(plan));
    const { fragments: written } = this.#data;
    const stored = { start: this.#dataStart, fragments: written, files };
    const fragments = await inSlices(compact(this.#output, stored));
    const coding = blockCoding(this.#options);
    const tree = await inSlices(writeTree(plan, { coding, options: this.#options }));
    const superblock = this.#writeTables(tree, { fragments: encodeFragments(fragments), coding });
    const { output } = this.#output;
    const bytes = Math.ceil(superblock.bytesUsed / PADDING) * PADDING;
    output.write(encodeSuperblock(superblock), 0);
    // Cut first: behind the end may be data that was taken back, which must not become padding.
    output.truncate(superblock.bytesUsed);
    output.truncate(bytes);
    return { bytes, inodes: superblock.inodeCount };
  }

  [Symbol.dispose](): void {
    this.#data.close();
  }

  /** Writes the tables, in the order the kernel wants them. */
  #writeTables(
    tree: WrittenTree,
    { fragments, coding }: { fragments: Uint8Array; coding: BlockCoding },
  ): Superblock {
    const output = this.#output;
    const options = this.#options;
    const tables = options.compressInodes ? coding : null;
    const inodeTable = output.position;
    tree.inodes.finish(output);
    const directoryTable = output.position;
    tree.directories.finish(output);
    const fragmentTable = fragments.length === 0
      ? null
      : writeLookupTable(output, { entries: fragments, coding: tables });
    const exportTable = options.exportable
      ? writeLookupTable(output, { entries: encodeReferences(tree.references), coding: tables })
      : null;
    const idTable = writeLookupTable(output, {
      entries: tree.ids.encode(),
      coding: options.compressIds ? coding : null,
    });
    const xattrTable = tree.xattrs.write(output, options.compressXattrs ? coding : null);
    return {
      inodeCount: tree.references.length,
      modificationTime: options.modificationTime ?? Math.floor(Date.now() / 1000),
      blockSize: options.blockSize,
      fragmentCount: fragments.length / 16,
      compression: options.compression,
      flags: flagsOf(options),
      idCount: tree.ids.count,
      rootInode: tree.references[0] ?? 0,
      bytesUsed: output.position,
      idTable,
      xattrTable,
      inodeTable,
      directoryTable,
      fragmentTable,
      exportTable,
    };
  }
}

/** The contents a tree uses. */
function* filesOf(plan: TreePlan): Generator<void, Set<StoredFile>> {
  const files = new Set<StoredFile>();
  for (const { directory, names } of plan.directories) {
    yield;
    for (const name of names) {
      const child = childOf(directory, name);
      if (child.kind === "file" && child.content instanceof StoredFile) files.add(child.content);
    }
  }
  return files;
}

function encodeReferences(references: Float64Array): Uint8Array {
  const entries = new ByteWriter(references.length * 8);
  for (const reference of references) entries.u64(reference);
  return entries.written();
}

function lz4Options(): Uint8Array {
  const options = new ByteWriter();
  options.u16(8 | METADATA_STORED);
  options.u32(LZ4_VERSION);
  options.u32(0);
  return options.written();
}

function flagsOf(options: SquashfsOptions): number {
  return (options.compressInodes ? 0 : FLAG.uncompressedInodes) |
    (options.compressIds ? 0 : FLAG.uncompressedIds) |
    (options.compressData ? 0 : FLAG.uncompressedData) |
    (options.compressFragments ? 0 : FLAG.uncompressedFragments) |
    (options.compressXattrs ? 0 : FLAG.uncompressedXattrs) |
    (options.fragments === "never" ? FLAG.noFragments : 0) |
    (options.fragments === "always" ? FLAG.alwaysFragments : 0) |
    (options.shareDuplicates ? FLAG.duplicatesRemoved : 0) |
    (options.exportable ? FLAG.exportable : 0) |
    (options.keepXattrs ? 0 : FLAG.noXattrs) |
    (options.compression === "lz4" ? FLAG.compressorOptions : 0);
}
