import { ByteWriter } from "../../../bytes/mod.ts";
import type { BlockCoding } from "./block_coding.ts";
import { MetadataWriter } from "./metadata_writer.ts";
import type { AppendingOutput } from "./output.ts";

/**
 * Writes a table of entries of one size: metadata blocks, `header`, then the positions of the
 * blocks.
 *
 * @returns where what follows the blocks begins, which is what the superblock points to
 */
export function writeLookupTable(
  output: AppendingOutput,
  table: { entries: Uint8Array; coding: BlockCoding | null; header?: Uint8Array },
): number {
  const blocks = new MetadataWriter(table.coding);
  const start = output.position;
  blocks.write(table.entries);
  blocks.finish(output);
  const list = new ByteWriter();
  if (table.header !== undefined) list.bytes(table.header);
  for (const blockStart of blocks.blockStarts) list.u64(start + blockStart);
  const position = output.position;
  output.append(list.written());
  return position;
}
