import { assert, assertEquals } from "@std/assert";
import { queueMemory, RequestQueue } from "./request_queue.ts";

Deno.test("RequestQueue gives out what was pushed, in order, on the other side", () => {
  const memory = queueMemory();
  const [here, there] = [new RequestQueue(memory), new RequestQueue(memory)];
  assert(!here.ready);
  there.open();
  assert(here.ready);
  const into = new Uint8Array(200);
  for (let round = 0; round < 500; round++) {
    assert(here.push(Uint8Array.of(round, 1)));
    assert(here.push(Uint8Array.of(round, 2, 3)));
    assertEquals(here.length, 2);
    assertEquals([there.take(into), into[0], into[1]], [2, round & 0xff, 1]);
    there.done();
    assertEquals([there.take(into), into[0], into[1]], [3, round & 0xff, 2]);
    // Being worked on counts.
    assertEquals(here.length, 1);
    there.done();
    assertEquals(here.length, 0);
  }
});

Deno.test("RequestQueue refuses what has no room and takes what fits exactly", () => {
  const queue = new RequestQueue(queueMemory());
  assert(!queue.push(new Uint8Array(129)));
  for (let index = 0; index < 64; index++) assert(queue.push(new Uint8Array(128).fill(index)));
  assert(!queue.push(new Uint8Array(1)));
  const into = new Uint8Array(128);
  assertEquals([queue.take(into), into[127]], [128, 0]);
  assert(!queue.push(new Uint8Array(1)));
  queue.done();
  assert(queue.push(new Uint8Array(1)));
});

Deno.test("RequestQueue ends when it is closed and empty", () => {
  const memory = queueMemory();
  const [here, there] = [new RequestQueue(memory), new RequestQueue(memory)];
  there.open();
  here.push(Uint8Array.of(9));
  here.close();
  assert(!here.ready);
  const into = new Uint8Array(1);
  assertEquals([there.take(into), into[0]], [1, 9]);
  there.done();
  assertEquals(there.take(into), 0);
  // A helper that is late to open what was closed.
  there.open();
  assert(!here.ready);
});
