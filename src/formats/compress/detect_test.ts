import { assertEquals } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { compressBlock } from "./compress_block.ts";
import { detectCompression } from "./detect.ts";

const DATA = new TextEncoder().encode("some data");

Deno.test("detectCompression() knows every magic number", () => {
  assertEquals(detectCompression(gzipSync(DATA)), "gzip");
  assertEquals(detectCompression(zstdCompressSync(DATA)), "zstd");
  assertEquals(detectCompression(compressBlock("xz", DATA)), "xz");
  assertEquals(detectCompression(new TextEncoder().encode("BZh91AY")), "bzip2");
});

Deno.test("detectCompression() knows zstd by a skippable frame too", () => {
  for (let low = 0x50; low <= 0x5f; low++) {
    assertEquals(detectCompression(new Uint8Array([low, 0x2a, 0x4d, 0x18])), "zstd");
  }
  assertEquals(detectCompression(new Uint8Array([0x60, 0x2a, 0x4d, 0x18])), "none");
});

Deno.test("detectCompression() takes everything else, and too little, for plain data", () => {
  assertEquals(detectCompression(DATA), "none");
  assertEquals(detectCompression(new Uint8Array()), "none");
  assertEquals(detectCompression(new Uint8Array([0x1f])), "none");
  assertEquals(detectCompression(new Uint8Array([0x28, 0xb5, 0x2f])), "none");
  assertEquals(detectCompression(new Uint8Array(512)), "none");
});
