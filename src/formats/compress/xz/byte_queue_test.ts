import { assertEquals } from "@std/assert";
import { Random } from "../test_samples.ts";
import { ByteQueue } from "./byte_queue.ts";

Deno.test("ByteQueue gives the bytes in order, however they came and are taken", () => {
  const random = new Random(12);
  const bytes = random.bytes(5000);
  const queue = new ByteQueue();
  let pushed = 0;
  let taken = 0;
  while (taken < bytes.length) {
    const count = random.below(30);
    queue.push(bytes.subarray(pushed, pushed + count));
    pushed = Math.min(pushed + count, bytes.length);
    assertEquals(queue.length, pushed - taken);
    const wanted = Math.min(random.below(40), queue.length);
    assertEquals(queue.take(wanted), bytes.slice(taken, taken + wanted));
    taken += wanted;
  }
  assertEquals(queue.take(0), new Uint8Array());
});

Deno.test("ByteQueue copies nothing that lies in one chunk", () => {
  const chunk = new Uint8Array(100);
  const queue = new ByteQueue();
  queue.push(chunk);
  assertEquals(queue.take(40).buffer === chunk.buffer, true);
  assertEquals(queue.take(60).byteOffset, 40);
});

Deno.test("ByteQueue takes many small chunks at once in little time", () => {
  const queue = new ByteQueue();
  for (let count = 0; count < 200000; count++) queue.push(new Uint8Array([count]));
  const whole = queue.take(150000);
  assertEquals(whole.length, 150000);
  assertEquals(queue.take(1), new Uint8Array([150000 & 0xff]));
});
