import { assert, assertEquals } from "@std/assert";
import { nextWatch } from "./request_wait.ts";

/** The watch after so many sleeps of one length, in milliseconds. */
function watchAfter(sleeps: number, waited: number, watch = 0): number {
  for (let count = 0; count < sleeps; count++) watch = nextWatch(watch, waited);
  return watch;
}

Deno.test("nextWatch() keeps a thread awake for longer while sleeps are short, to a limit", () => {
  assertEquals(watchAfter(1, 0.02), 0.005);
  assertEquals(watchAfter(2, 0.02), 0.01);
  assertEquals(watchAfter(50, 0.02), 0.05);
});

Deno.test("nextWatch() lets a thread sleep at once after a few long sleeps", () => {
  assert(watchAfter(2, 1, 0.05) > 0);
  assertEquals(watchAfter(4, 1, 0.05), 0);
  assertEquals(watchAfter(100, 0.051), 0);
});
