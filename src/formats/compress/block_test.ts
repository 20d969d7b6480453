import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { deflateSync, zstdCompressSync } from "node:zlib";
import { EnrootError } from "../../diagnostics/mod.ts";
import { compressBlock } from "./compress_block.ts";
import { CompressionError } from "./compression_error.ts";
import { type BlockCompression, decompressBlock } from "./decompress_block.ts";
import { damaged, joined, mixedBytes, Random, samples } from "./test_samples.ts";

const WRITABLE: BlockCompression[] = ["gzip", "zstd", "lz4", "lzo", "xz"];

for (const compression of WRITABLE) {
  Deno.test(`decompressBlock() restores what compressBlock() made of it: ${compression}`, () => {
    for (const [name, sample] of samples()) {
      const block = compressBlock(compression, sample);
      const restored = decompressBlock(compression, block, sample.length);
      assert(equalBytes(restored, sample), name);
    }
  });

  Deno.test(`decompressBlock() never gives more than asked for: ${compression}`, () => {
    const sample = mixedBytes(10000);
    const block = compressBlock(compression, sample);
    assertEquals(decompressBlock(compression, block, sample.length).length, sample.length);
    assertEquals(decompressBlock(compression, block, 1 << 17).length, sample.length);
    for (const limit of [1, 100, sample.length - 1]) {
      const error = assertThrows(
        () => decompressBlock(compression, block, limit),
        CompressionError,
      );
      assertStringIncludes(error.message, `larger than ${limit} bytes`);
    }
  });

  Deno.test(`decompressBlock() notices a block cut short anywhere: ${compression}`, () => {
    const sample = mixedBytes(400);
    const block = compressBlock(compression, sample);
    for (let length = 0; length < block.length; length++) {
      try {
        const restored = decompressBlock(compression, block.subarray(0, length), sample.length);
        // LZ4 has no mark of the end, so a cut between two sequences shows in the length alone.
        assert(compression === "lz4" && restored.length < sample.length);
      } catch (error) {
        if (!(error instanceof CompressionError)) throw error;
        assertStringIncludes(error.message, "unexpected end of data");
      }
    }
  });

  Deno.test(`decompressBlock() survives thousands of damaged blocks: ${compression}`, () => {
    const random = new Random(2024);
    const blocks = [60, 700, 5000].map((size) =>
      compressBlock(compression, mixedBytes(size, size))
    );
    for (let count = 0; count < 3000; count++) {
      const block = damaged(blocks[count % blocks.length] ?? new Uint8Array(), random);
      const limit = 1 + random.below(6000);
      try {
        assert(decompressBlock(compression, block, limit).length <= limit);
      } catch (error) {
        if (!(error instanceof CompressionError)) throw error;
      }
    }
  });
}

Deno.test("decompressBlock() gives plain arrays that hold no more than the block", () => {
  const sample = mixedBytes(1000);
  for (const compression of WRITABLE) {
    const restored = decompressBlock(compression, compressBlock(compression, sample), 1 << 17);
    assertEquals(Object.getPrototypeOf(restored), Uint8Array.prototype);
    assertEquals(restored, sample);
  }
});

Deno.test("decompressBlock() takes a zstd block of one frame and nothing else", () => {
  const frame = zstdCompressSync(mixedBytes(1000));
  const skippable = new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7]);
  assertEquals(decompressBlock("zstd", frame, 1000).length, 1000);
  for (const block of [joined(frame, frame), joined(skippable, frame), joined(frame, skippable)]) {
    assertThrows(() => decompressBlock("zstd", block, 8000), CompressionError, "something else");
  }
  assertThrows(() => decompressBlock("zstd", skippable, 8000), CompressionError, "unexpected end");
});

Deno.test("compressBlock() makes one zstd frame of whatever size", () => {
  for (let size = 0; size < 2000; size += 37) {
    const block = compressBlock("zstd", new Random(size).bytes(size), 1);
    assertEquals(decompressBlock("zstd", block, size + 1).length, size);
  }
});

Deno.test("compressBlock() minds the level of gzip and zstd", () => {
  const sample = mixedBytes(100000);
  assertEquals(compressBlock("gzip", sample), new Uint8Array(deflateSync(sample, { level: 9 })));
  for (const compression of ["gzip", "zstd"] as const) {
    const fast = compressBlock(compression, sample, 1);
    const small = compressBlock(compression, sample, 9);
    assert(small.length < fast.length);
    assertEquals(decompressBlock(compression, fast, sample.length), sample);
  }
});

Deno.test("compressBlock() cannot write lzma", () => {
  assertThrows(() => compressBlock("lzma", new Uint8Array(10)), CompressionError, "with lzma");
});

Deno.test("a CompressionError is for the user, and names format and cause", () => {
  const error = assertThrows(() => decompressBlock("gzip", new Uint8Array(9), 10), EnrootError);
  assertEquals(error.message, "Cannot decompress zlib data: unknown compression method");
});

/** assertEquals() takes seconds for a megabyte. */
function equalBytes(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
}
