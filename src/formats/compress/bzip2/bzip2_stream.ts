import { type CompressionError, decompressionError } from "../compression_error.ts";
import { BitReader, type BitSteps } from "./bit_reader.ts";
import { BlockData } from "./block_data.ts";
import { readBlockHeader } from "./block_header.ts";
import { BlockOutput } from "./block_output.ts";

/** What a stream begins with, before the size of its blocks: `BZh`. */
const MAGIC = 0x425a68;
/** What is before a block and at the end, in two halves: π and its square root. */
const BLOCK = [0x314159, 0x265359];
const END = [0x177245, 0x385090];
/** The unit of block sizes. */
const SIZE_UNIT = 100_000;

/**
 * Decompresses bzip2 data of one or more streams, as pbzip2 and lbzip2 write many. Zero bytes may
 * follow the last one, as tapes and block devices leave them.
 *
 * A decoder of our own: what the registry of npm has wants all of the data at once, or does not
 * bound what it holds, and has not been touched for years.
 *
 * Memory is bounded by the largest block, 900,000 bytes, four bytes each.
 *
 * @param options.chunkSize of the output, in bytes
 * @throws {CompressionError} the data are malformed, cut short or followed by something else
 */
export async function* bunzip2Stream(
  input: AsyncIterable<Uint8Array>,
  { chunkSize }: { chunkSize: number },
): AsyncGenerator<Uint8Array> {
  const steps = decode(new BlockOutput({ size: chunkSize }));
  const source = input[Symbol.asyncIterator]();
  try {
    let step = steps.next();
    while (!step.done) {
      if (step.value === null) {
        const { done, value } = await source.next();
        step = steps.next(done ? null : value);
      } else {
        yield step.value;
        step = steps.next(null);
      }
    }
  } finally {
    await source.return?.();
  }
}

function* decode(output: BlockOutput): BitSteps {
  const reader = new BitReader();
  const data = new BlockData();
  do {
    yield* decodeStream(reader, { data, output });
    reader.align();
  } while (yield* isFollowed(reader));
  const rest = output.finish();
  if (rest.length > 0) yield rest;
}

function* decodeStream(
  reader: BitReader,
  { data, output }: { data: BlockData; output: BlockOutput },
): BitSteps {
  if ((yield* reader.read(24)) !== MAGIC) throw somethingElse();
  const level = (yield* reader.read(8)) - 0x30;
  if (level < 1 || level > 9) throw decompressionError("bzip2", "impossible size of blocks");
  let sum = 0;
  while (true) {
    const magic = [yield* reader.read(24), yield* reader.read(24)];
    if (isSame(magic, END)) break;
    if (!isSame(magic, BLOCK)) throw decompressionError("bzip2", "malformed start of a block");
    const header = yield* readBlockHeader(reader);
    yield* data.read(reader, header, level * SIZE_UNIT);
    const check = yield* output.write(data.sortBack(header.origin));
    if (check !== header.check) throw decompressionError("bzip2", "incorrect check of a block");
    sum = (sum << 1 | sum >>> 31) ^ check;
  }
  if ((yield* reader.readWord()) !== sum) {
    throw decompressionError("bzip2", "incorrect check of a stream");
  }
}

/** Whether another stream follows. @throws {CompressionError} zeros do, and something else then */
function* isFollowed(reader: BitReader): BitSteps<boolean> {
  if (yield* reader.isOver()) return false;
  if ((yield* reader.peekByte()) !== 0) return true;
  do {
    if ((yield* reader.read(8)) !== 0) throw somethingElse();
  } while (!(yield* reader.isOver()));
  return false;
}

function isSame(magic: readonly number[], expected: readonly number[]): boolean {
  return magic.every((half, index) => half === expected[index]);
}

function somethingElse(): CompressionError {
  return decompressionError("bzip2", "something else follows the compressed data");
}
