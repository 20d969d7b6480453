import { assertEquals } from "@std/assert";
import { LruCache } from "./lru_cache.ts";

Deno.test("LruCache keeps what was used last, within its bytes", () => {
  const cache = new LruCache<string>(10);
  cache.set(1, "one", 4);
  cache.set(2, "two", 4);
  assertEquals(cache.get(1), "one");
  cache.set(3, "three", 4);
  assertEquals([1, 2, 3].map((key) => cache.get(key)), ["one", undefined, "three"]);
});

Deno.test("LruCache keeps one value that is larger than all its bytes", () => {
  const cache = new LruCache<string>(10);
  cache.set(1, "one", 4);
  cache.set(2, "huge", 100);
  assertEquals([cache.get(1), cache.get(2)], [undefined, "huge"]);
  cache.set(3, "three", 4);
  assertEquals([cache.get(2), cache.get(3)], [undefined, "three"]);
});
