import { assert, assertEquals } from "@std/assert";
import { LzmaWindow } from "./lzma_window.ts";

Deno.test("LzmaWindow keeps the dictionary and the alignment while it slides", () => {
  const dictionarySize = 4096;
  const window = new LzmaWindow(dictionarySize);
  window.origin = 5;
  window.position = 5;
  let total = 5;
  for (let step = 1; step < 400; step++) {
    const length = step * 37 % 3000 + 1;
    window.reserve(length);
    for (let count = 0; count < length; count++) window.bytes[window.position++] = total++ % 251;
    assertEquals((window.position - window.origin) % 16, (total - 5) % 16);
    for (let distance = 1; distance <= Math.min(dictionarySize, total - 5); distance += 97) {
      assertEquals(window.bytes[window.position - distance], (total - distance) % 251);
    }
    assert(window.bytes.length <= 1.5 * (dictionarySize + 16) + 3000);
  }
});

Deno.test("LzmaWindow takes no more memory than the data, whatever the dictionary", () => {
  const window = new LzmaWindow(128 << 20);
  window.reserve(1000);
  assert(window.bytes.length <= 1000);
});
