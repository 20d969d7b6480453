import { EnrootError } from "../../../diagnostics/mod.ts";
import type { BlockCompression } from "../../compress/mod.ts";
import { MAX_BLOCK_SIZE, MIN_BLOCK_SIZE } from "../format/layout.ts";

/** How an image is written; the names in brackets are the options of mksquashfs(1). */
export interface SquashfsOptions {
  /** [-comp] */
  compression: BlockCompression;
  /** [-Xcompression-level] Null for the compression's own default. */
  level: number | null;
  /** [-b] Bytes per data block: a power of two from 4 KiB to 1 MiB. */
  blockSize: number;
  /** [-noI] Inode, directory, fragment and export tables. */
  compressInodes: boolean;
  /** [-noId] */
  compressIds: boolean;
  /** [-noD] */
  compressData: boolean;
  /** [-noF] */
  compressFragments: boolean;
  /** [-noX] */
  compressXattrs: boolean;
  /**
   * [-no-fragments, -always-use-fragments] Which files share fragment blocks: those smaller than a
   * block, none, or all with the part behind their last whole block.
   */
  fragments: "small-files" | "never" | "always";
  /** [-no-duplicates] Whether files with equal contents are stored once. */
  shareDuplicates: boolean;
  /** [-no-exports] Whether the image can be exported over NFS. */
  exportable: boolean;
  /** [-no-xattrs] */
  keepXattrs: boolean;
  /** [-all-root] Whether everything belongs to 0:0. */
  allRoot: boolean;
  /** [-mkfs-time] When the image was made, in seconds since the epoch; null for now. */
  modificationTime: number | null;
  /** [-all-time] Modification time of all files, in seconds since the epoch; null for their own. */
  allTime: number | null;
  /** [-processors] How many compress at once; null for as many as there are. */
  processors: number | null;
  /** [-mem] Bytes of blocks that may wait to be compressed and written. */
  memory: number;
}

const DEFAULT_BLOCK_SIZE = 128 << 10;
const DEFAULT_MEMORY = 16 << 20;
const MAX_TIME = 0xffffffff;

const MAX_LEVELS: Readonly<Partial<Record<BlockCompression, number>>> = {
  gzip: 9,
  lzo: 9,
  zstd: 22,
};

type Apply = (options: SquashfsOptions, value: string) => void;

const FLAGS: Readonly<Record<string, Apply>> = {
  "-noI": (options) => {
    options.compressInodes = false;
    options.compressIds = false;
  },
  "-noId": (options) => options.compressIds = false,
  "-noD": (options) => options.compressData = false,
  "-noF": (options) => options.compressFragments = false,
  "-noX": (options) => options.compressXattrs = false,
  "-no-compression": (options) => {
    for (const flag of ["-noI", "-noD", "-noF", "-noX"]) FLAGS[flag]?.(options, "");
  },
  "-no-fragments": (options) => options.fragments = "never",
  "-always-use-fragments": (options) => options.fragments = "always",
  "-no-duplicates": (options) => options.shareDuplicates = false,
  "-no-exports": (options) => options.exportable = false,
  "-no-xattrs": (options) => options.keepXattrs = false,
  "-xattrs": (options) => options.keepXattrs = true,
  "-all-root": (options) => options.allRoot = true,
  "-exit-on-error": () => {},
  "-no-progress": () => {},
  "-quiet": () => {},
};

const VALUES: Readonly<Record<string, Apply>> = {
  "-comp": (options, value) => options.compression = parseCompression(value),
  "-Xcompression-level": (options, value) => options.level = parseInteger(value, 1, 22),
  "-b": (options, value) => options.blockSize = parseBlockSize(value),
  "-processors": (options, value) => options.processors = parseInteger(value, 1, 4096),
  "-mem": (options, value) => options.memory = parseSize(value),
  "-mkfs-time": (options, value) => options.modificationTime = parseInteger(value, 0, MAX_TIME),
  "-all-time": (options, value) => options.allTime = parseInteger(value, 0, MAX_TIME),
};

/**
 * Understands the options of mksquashfs(1) that have a meaning here.
 *
 * No options at all mean `-comp zstd -noD`: data that is copied in and out, not recoded. Given
 * some, only what they say is left uncompressed, as with mksquashfs.
 *
 * @throws {EnrootError} naming an option that is unknown or has no good value
 */
export function parseSquashfsOptions(words: string[]): SquashfsOptions {
  const options: SquashfsOptions = {
    compression: "zstd",
    level: null,
    blockSize: DEFAULT_BLOCK_SIZE,
    compressInodes: true,
    compressIds: true,
    compressData: words.length > 0,
    compressFragments: true,
    compressXattrs: true,
    fragments: "small-files",
    shareDuplicates: true,
    exportable: true,
    keepXattrs: true,
    allRoot: false,
    modificationTime: null,
    allTime: null,
    processors: null,
    memory: DEFAULT_MEMORY,
  };
  const rest = words.values();
  for (const word of rest) {
    const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
    const valued = Object.hasOwn(VALUES, word) ? VALUES[word] : undefined;
    if (flag !== undefined) flag(options, "");
    else if (valued === undefined) {
      throw new EnrootError(`Cannot use squashfs option ${word}: not supported`);
    } else {
      const value = rest.next().value;
      if (value === undefined) {
        throw new EnrootError(`Cannot use squashfs option ${word}: no value`);
      }
      try {
        valued(options, value);
      } catch (cause) {
        throw new EnrootError(`Cannot use squashfs option ${word} ${value}: not a valid value`, {
          cause,
        });
      }
    }
  }
  checkLevel(options);
  return options;
}

function checkLevel({ compression, level }: SquashfsOptions): void {
  const max = MAX_LEVELS[compression] ?? 0;
  if (level !== null && level > max) {
    throw new EnrootError(
      max === 0
        ? `Cannot use squashfs option -Xcompression-level: ${compression} has no levels`
        : `Cannot use squashfs option -Xcompression-level ${level}: ${compression} has 1 to ${max}`,
    );
  }
}

function parseCompression(value: string): BlockCompression {
  switch (value) {
    case "gzip":
    case "lzo":
    case "lz4":
    case "xz":
    case "zstd":
      return value;
    default:
      throw new RangeError(`unknown compression ${value}`);
  }
}

function parseBlockSize(value: string): number {
  const size = parseSize(value);
  if (size < MIN_BLOCK_SIZE || size > MAX_BLOCK_SIZE || !Number.isInteger(Math.log2(size))) {
    throw new RangeError(`impossible block size ${size}`);
  }
  return size;
}

/** A number of bytes, with K, M or G for the powers of 1024. */
function parseSize(value: string): number {
  const [, digits, unit] = value.match(/^([0-9]{1,12})([KMG]?)$/i) ?? [];
  if (digits === undefined || unit === undefined) throw new RangeError(`not a size: ${value}`);
  return Number(digits) * 1024 ** ["", "K", "M", "G"].indexOf(unit.toUpperCase());
}

function parseInteger(value: string, min: number, max: number): number {
  const number = /^[0-9]{1,12}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) throw new RangeError(`not in ${min}–${max}: ${value}`);
  return number;
}
