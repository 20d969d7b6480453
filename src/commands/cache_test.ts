import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { parseSize, parseTime } from "./cache.ts";

Deno.test("parseTime() reads seconds to weeks", () => {
  assertEquals(parseTime("90s"), 90_000);
  assertEquals(parseTime("7d"), 7 * 24 * 3600 * 1000);
  assertEquals(parseTime("2w"), parseTime("14d"));
  for (const text of ["", "7", "d", "-1d", "1.5d", "7 d", "7y", "1e3s"]) {
    assertThrows(() => parseTime(text), EnrootError, `Invalid argument: ${text}`);
  }
});

Deno.test("parseSize() reads bytes and powers of 1024", () => {
  assertEquals(parseSize("0"), 0);
  assertEquals(parseSize("512"), 512);
  assertEquals(parseSize("50G"), 50 * 1024 ** 3);
  assertEquals(parseSize("1kB"), 1024);
  assertEquals(parseSize("2TiB"), 2 * 1024 ** 4);
  for (const text of ["", "G", "-1", "1.5G", "1 G", "1P"]) {
    assertThrows(() => parseSize(text), EnrootError, `Invalid argument: ${text}`);
  }
});
