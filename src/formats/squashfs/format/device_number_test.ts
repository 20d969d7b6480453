import { assertEquals } from "@std/assert";
import { decodeDevice, encodeDevice } from "./device_number.ts";

Deno.test("device numbers are encoded as the kernel does", () => {
  for (
    const [major, minor, encoded] of [
      [0, 0, 0],
      [1, 3, 0x103],
      [259, 70_000, 0x11110370],
      [4095, 1_048_575, 0xffffffff],
    ] as const
  ) {
    assertEquals(encodeDevice({ major, minor }), encoded);
    assertEquals(decodeDevice(encoded), { major, minor });
  }
});

Deno.test("device numbers that do not fit have no encoding", () => {
  assertEquals(encodeDevice({ major: 4096, minor: 0 }), null);
  assertEquals(encodeDevice({ major: 0, minor: 1 << 20 }), null);
  assertEquals(encodeDevice({ major: -1, minor: 0 }), null);
});
