import { assert } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  type BlockCompression,
  compressBlock,
  CompressionError,
  decompressBlock,
  decompressStream,
} from "../../../src/formats/compress/mod.ts";
import { mixedBytes } from "../../../src/formats/compress/test_samples.ts";
import { type FuzzTarget, isEnrootRefusal, type Seed } from "../target.ts";

/** Most bytes of a stream that are read; more is no mistake. */
const MAX_STREAM = 32 << 20;
const MAX_BLOCK = 1 << 20;
const SAMPLES = [mixedBytes(3000), mixedBytes(40, 2), new Uint8Array(20_000)];

/** What bzip2 makes of `hello` and a line end. */
const HELLO_BZIP2 =
  "425a6839314159265359c1c080e2000001410000100244a00030cd00c3462997177245385090c1c080e2";

const isRefusal = (error: unknown) => error instanceof CompressionError && isEnrootRefusal(error);

/** The decompressors of layers. */
export const streamTarget: FuzzTarget = {
  name: "stream",
  weight: 8,
  open: () => ({
    seeds: [HELLO_BZIP2, HELLO_BZIP2 + HELLO_BZIP2].map((bytes): Seed => ({
      bytes: Uint8Array.fromHex(bytes),
    })).concat(
      SAMPLES.flatMap((sample) => [
        new Uint8Array(gzipSync(sample)),
        concat(new Uint8Array(gzipSync(sample)), new Uint8Array(gzipSync(sample))),
        new Uint8Array(zstdCompressSync(sample)),
        concat(
          Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4),
          new Uint8Array(zstdCompressSync(sample)),
        ),
        compressBlock("xz", sample),
      ]).map((bytes): Seed => ({ bytes })),
    ),
    async run(input) {
      let length = 0;
      for await (const chunk of decompressStream(pieces(input))) {
        assert(chunk.length > 0, "empty chunk");
        length += chunk.length;
        if (length > MAX_STREAM) return;
      }
    },
    isRefusal,
  }),
};

const COMPRESSIONS: readonly BlockCompression[] = ["gzip", "zstd", "lz4", "lzo", "xz", "lzma"];

/** The decompressors of squashfs blocks. The first byte of an input chooses among them. */
export const blockTarget: FuzzTarget = {
  name: "block",
  weight: 8,
  open: () => ({
    seeds: COMPRESSIONS.flatMap((compression, index) =>
      SAMPLES.map((sample): Seed => ({
        // Nobody writes lzma; what the others write will do to begin with.
        bytes: concat(
          Uint8Array.of(index),
          compression === "lzma" ? LZMA_SAMPLE : compressBlock(compression, sample),
        ),
      }))
    ),
    run(input) {
      const compression = COMPRESSIONS[(input[0] ?? 0) % COMPRESSIONS.length] ?? "gzip";
      const output = decompressBlock(compression, input.subarray(1), MAX_BLOCK);
      assert(output.length <= MAX_BLOCK, "more than was allowed");
    },
    isRefusal,
  }),
};

/** "enroot " five times, as `xz --format=lzma` writes it. */
const LZMA_SAMPLE = Uint8Array.from(
  atob("XQAAgAD//////////wAym4qrwSb9S5iz45////1+AAA="),
  (character) => character.charCodeAt(0),
);

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
