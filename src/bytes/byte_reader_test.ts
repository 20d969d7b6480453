import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "./byte_reader.ts";

Deno.test("ByteReader reads little-endian fields in order", () => {
  const reader = new ByteReader(
    new Uint8Array([1, 2, 3, 4, 5, 6, 7, 0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0, 1, 0, 0, 0, 65, 255]),
  );
  assertEquals(reader.u8(), 1);
  assertEquals(reader.u16(), 0x0302);
  assertEquals(reader.u32(), 0x07060504);
  assertEquals(reader.i32(), -1);
  assertEquals(reader.u64(), 0x100000008);
  assertEquals(reader.byteString(2), "A\xff");
  assertEquals([reader.position, reader.remaining], [21, 0]);
});

Deno.test("ByteReader reads within the view it was given, not the buffer behind it", () => {
  const reader = new ByteReader(new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
  assertEquals(reader.u16(), 0x0201);
  assertThrows(() => reader.u8(), RangeError, "pass the end");
});

Deno.test("ByteReader refuses fields that pass the end and stays where it was", () => {
  const reader = new ByteReader(new Uint8Array(3));
  assertThrows(() => reader.u32(), RangeError, "4 bytes at 0 pass the end at 3");
  assertThrows(() => reader.bytes(-1), RangeError);
  assertThrows(() => reader.skip(NaN), RangeError);
  assertEquals(reader.bytes(3).length, 3);
});

Deno.test("ByteReader.u64() refuses what a number cannot hold; bigU64() reads it", () => {
  const bytes = new Uint8Array([0, 0, 0, 0, 0, 0, 0x20, 0]);
  assertThrows(() => new ByteReader(bytes).u64(), RangeError, "2^53");
  assertEquals(new ByteReader(bytes).bigU64(), 1n << 53n);
  const largest = new Uint8Array([255, 255, 255, 255, 255, 255, 0x1f, 0]);
  assertEquals(new ByteReader(largest).u64(), Number.MAX_SAFE_INTEGER);
});
