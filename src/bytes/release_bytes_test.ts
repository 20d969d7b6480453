import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { releaseBytes } from "./release_bytes.ts";

Deno.test("releaseBytes() leaves nothing of the buffer, and can be called again", () => {
  const buffer = new ArrayBuffer(1 << 20);
  const part = new Uint8Array(buffer, 100, 100);
  releaseBytes(part);
  assert(buffer.detached);
  assertEquals(part.length, 0);
  releaseBytes(part);
});

Deno.test("releaseBytes() does not mind bytes that another thread has", () => {
  const bytes = new Uint8Array(8);
  const there = structuredClone(bytes, { transfer: [bytes.buffer] });
  releaseBytes(bytes);
  assertEquals(there.length, 8);
});

Deno.test("releaseBytes() leaves the pool of node:buffer alone", () => {
  const bytes = Buffer.from("small");
  releaseBytes(bytes);
  assertEquals(bytes.toString(), "small");
});
