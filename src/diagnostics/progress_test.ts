import { assertEquals } from "@std/assert";
import { progressLine, startProgress } from "./progress.ts";

const MIB = 1024 * 1024;

Deno.test("progressLine() shows share, bytes, rate and time left", () => {
  assertEquals(
    progressLine({ done: 512 * MIB, total: 2048 * MIB, rate: 100 * MIB }, 100),
    " 25% [=======>                      ] 512.0 MiB of 2.0 GiB, 100.0 MiB/s, 0:16 left",
  );
});

Deno.test("progressLine() copes with nothing done and with everything done", () => {
  assertEquals(
    progressLine({ done: 0, total: 0, rate: 0 }, 100),
    "  0% [>                             ] 0 B of 0 B, 0 B/s",
  );
  assertEquals(
    progressLine({ done: 10, total: 10, rate: 1 }, 100),
    "100% [==============================] 10 B of 10 B, 1 B/s",
  );
});

Deno.test("progressLine() shows long times in hours", () => {
  const line = progressLine({ done: 0, total: 3661, rate: 1 }, 100);
  assertEquals(line.split(", ").at(-1), "1:01:01 left");
  assertEquals(
    progressLine({ done: 0, total: 1e9, rate: 1 }, 100).split(", ").at(-1),
    "days left",
  );
});

Deno.test("progressLine() never fills the last column", () => {
  for (const columns of [0, 1, 10, 40, 60, 80]) {
    const { length } = progressLine({ done: 1, total: 2048 * MIB, rate: 1000 }, columns);
    assertEquals(length <= Math.max(columns - 1, 0), true);
  }
});

Deno.test({
  name: "startProgress() leaves no timer behind",
  fn() {
    using progress = startProgress();
    progress.expect(100);
    progress.advance(50);
  },
});
