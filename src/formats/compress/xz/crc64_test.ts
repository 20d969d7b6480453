import { assertEquals } from "@std/assert";
import { mixedBytes } from "../test_samples.ts";
import { Crc64 } from "./crc64.ts";

Deno.test("Crc64 gives the check value of CRC-64/XZ", () => {
  const sum = new Crc64();
  sum.update(new TextEncoder().encode("123456789"));
  assertEquals(sum.digest().toReversed(), Uint8Array.fromHex("995dc9bbdf1939fa"));
});

Deno.test("Crc64 gives the same sum however the bytes are cut", () => {
  const bytes = mixedBytes(1000);
  const whole = new Crc64();
  whole.update(bytes);
  for (const size of [1, 2, 3, 5, 400]) {
    const cut = new Crc64();
    for (let at = 0; at < bytes.length; at += size) cut.update(bytes.subarray(at, at + size));
    assertEquals(cut.digest(), whole.digest());
  }
});
