import { type BlockCompression, compressBlock } from "../../compress/mod.ts";
import type { SquashfsOptions } from "./options.ts";

/** How a block is compressed; plain data, so that it can be sent to a worker. */
export interface BlockCoding {
  compression: BlockCompression;
  level: number | null;
}

/**
 * zstd's level when none is asked for. mksquashfs takes 15, at a hundredth of the speed. When data is
 * not compressed, the fastest level is good enough for what is left.
 */
const ZSTD_LEVEL = { data: 3, tablesOnly: 1 };

/** The coding that options ask for. */
export function blockCoding(options: SquashfsOptions): BlockCoding {
  const { compression, level, compressData } = options;
  const fallback = compression === "zstd"
    ? (compressData ? ZSTD_LEVEL.data : ZSTD_LEVEL.tablesOnly)
    : null;
  return { compression, level: level ?? fallback };
}

/** Compresses a block, which may come out longer. */
export function codeBlock({ compression, level }: BlockCoding, block: Uint8Array): Uint8Array {
  return level === null
    ? compressBlock(compression, block)
    : compressBlock(compression, block, level);
}
