import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";

Deno.test("ByteWriter writes what ByteReader reads", () => {
  const writer = new ByteWriter(1);
  writer.u8(0xfe);
  writer.u16(0xfffd);
  writer.u32(0xfffffffc);
  writer.u64(Number.MAX_SAFE_INTEGER);
  writer.bigU64(0xffffffffffffffffn);
  writer.byteString("a\xe9");
  writer.bytes(new Uint8Array([7, 8]));
  writer.zeros(2);
  const reader = new ByteReader(writer.written());
  assertEquals(reader.u8(), 0xfe);
  assertEquals(reader.u16(), 0xfffd);
  assertEquals(reader.u32(), 0xfffffffc);
  assertEquals(reader.u64(), Number.MAX_SAFE_INTEGER);
  assertEquals(reader.bigU64(), 0xffffffffffffffffn);
  assertEquals(reader.byteString(2), "a\xe9");
  assertEquals([...reader.bytes(4)], [7, 8, 0, 0]);
  assertEquals(reader.remaining, 0);
});

Deno.test("ByteWriter.clear() starts again and leaves no old bytes behind zeros()", () => {
  const writer = new ByteWriter();
  writer.u32(0xffffffff);
  writer.clear();
  assertEquals(writer.length, 0);
  writer.zeros(3);
  assertEquals([...writer.written()], [0, 0, 0]);
});

Deno.test("ByteWriter.u64() refuses numbers that are not exact", () => {
  const writer = new ByteWriter();
  assertThrows(() => writer.u64(2 ** 53), RangeError);
  assertThrows(() => writer.u64(-1), RangeError);
  assertThrows(() => writer.u64(0.5), RangeError);
  assertEquals(writer.length, 0);
});
