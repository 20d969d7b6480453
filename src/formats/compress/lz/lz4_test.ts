import { assert, assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../../../tests/support/requires.ts";
import { CompressionError } from "../compression_error.ts";
import { filtered, joined, mixedBytes } from "../test_samples.ts";
import { decodeLz4 } from "./lz4_decoder.ts";
import { encodeLz4 } from "./lz4_encoder.ts";

const ascii = new TextEncoder();

Deno.test("decodeLz4() copies literals and repeats matches, overlapping ones too", () => {
  // "abc", then nine bytes from three back, then five literals.
  const block = joined(
    new Uint8Array([0x35, ...ascii.encode("abc"), 3, 0, 0x50]),
    ascii.encode("vwxyz"),
  );
  assertEquals(decodeLz4(block, 100), ascii.encode("abcabcabcabcvwxyz"));
});

Deno.test("decodeLz4() reads lengths of several bytes", () => {
  // One literal, then 4 + 15 + 255 + 10 times the same.
  const block = new Uint8Array([0x1f, 0x61, 1, 0, 255, 10, 0x10, 0x62]);
  assertEquals(decodeLz4(block, 1000), ascii.encode("a".repeat(285) + "b"));
});

Deno.test("decodeLz4() refuses matches that begin before the data", () => {
  const block = (distance: number) => new Uint8Array([0x40, 1, 2, 3, 4, distance, 0, 0x10, 5]);
  assertEquals(decodeLz4(block(4), 100), new Uint8Array([1, 2, 3, 4, 1, 2, 3, 4, 5]));
  assertThrows(() => decodeLz4(block(5), 100), CompressionError, "before the data");
  assertThrows(() => decodeLz4(block(0), 100), CompressionError, "before the data");
});

Deno.test("decodeLz4() refuses lengths beyond input or output", () => {
  const endless = new Uint8Array(5000).fill(255);
  assertThrows(() => decodeLz4(endless, 1 << 20), CompressionError, "unexpected end");
  const match = joined(new Uint8Array([0x1f, 0x61, 1, 0]), endless, new Uint8Array([0, 0x10, 1]));
  assertThrows(() => decodeLz4(match, 1 << 20), CompressionError, "larger than 1048576 bytes");
  assertThrows(() => decodeLz4(new Uint8Array([0x20, 1]), 10), CompressionError, "unexpected end");
});

Deno.test("encodeLz4() leaves the literals at the end that the format asks for", () => {
  for (let size = 0; size < 40; size++) {
    const block = encodeLz4(new Uint8Array(size));
    assertEquals(decodeLz4(block, size), new Uint8Array(size));
    // Twelve bytes are too few for a match; later ones end in a sequence of five literals at least.
    if (size <= 12) assertEquals(block[0], size < 15 ? size << 4 : 0xf0);
    else assertEquals(block.slice(-6), new Uint8Array([0x50, 0, 0, 0, 0, 0]));
  }
});

Deno.test({
  ...requiring({ programs: ["lz4"] }, "decodeLz4() reads what lz4 writes"),
  async fn() {
    const sample = mixedBytes(300000);
    for (const level of ["-1", "-12"]) {
      const frame = await filtered(["lz4", level, "-B4", "--no-frame-crc", "-c"], sample);
      // A header of 7 bytes, then blocks behind their sizes, then a size of zero.
      const view = new DataView(frame.buffer);
      const blocks = [];
      for (let at = 7, size; (size = view.getUint32(at, true)) !== 0; at += 4 + size) {
        assert(size < 0x80000000, "a block is not compressed");
        blocks.push(decodeLz4(frame.subarray(at + 4, at + 4 + size), 1 << 16));
      }
      assertEquals(joined(...blocks), sample);
    }
  },
});

Deno.test({
  ...requiring({ programs: ["lz4"] }, "encodeLz4() writes what lz4 reads"),
  async fn() {
    const sample = mixedBytes(300000);
    const parts = [Uint8Array.fromHex("04224d18604082")];
    for (let at = 0; at < sample.length; at += 65536) {
      const block = encodeLz4(sample.subarray(at, at + 65536));
      parts.push(new Uint8Array(Uint32Array.of(block.length).buffer), new Uint8Array(block));
    }
    parts.push(new Uint8Array(4));
    assertEquals(await filtered(["lz4", "-d", "-c"], joined(...parts)), sample);
  },
});
