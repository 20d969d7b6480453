import { assert } from "@std/assert";
import { HeapBound } from "./heap_bound.ts";

Deno.test("HeapBound collects garbage once the heap has grown, and not before", () => {
  const global = globalThis as { gc?: () => void };
  const original = global.gc;
  let collections = 0;
  global.gc = () => collections++;
  try {
    const heap = new HeapBound();
    for (let requests = 0; requests < 5000; requests++) heap.note();
    assert(collections === 0);
    const kept = Array.from({ length: 400_000 }, (_, index) => ({ index, text: `${index}` }));
    for (let requests = 0; requests < 5000; requests++) heap.note();
    assert(collections >= 1 && kept.length > 0);
  } finally {
    if (original === undefined) delete global.gc;
    else global.gc = original;
  }
});
