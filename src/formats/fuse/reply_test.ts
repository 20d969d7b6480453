import { assertEquals, assertThrows } from "@std/assert";
import { ByteReader } from "../../bytes/mod.ts";
import type { Attributes } from "./attributes.ts";
import { ERRNO } from "./errno.ts";
import { Reply } from "./reply.ts";

const ATTRIBUTES: Attributes = {
  inodeNumber: 2 ** 33,
  size: 2 ** 40 + 1,
  blocks: 3,
  time: 4,
  mode: 0o100644,
  nlink: 5,
  uid: 6,
  gid: 7,
  device: 0xfffffff8,
  blockSize: 9,
};

/** A Reply with room for 256 bytes in which everything is to be overwritten that counts. */
function dirtyReply(): Reply {
  const reply = new Reply(256);
  reply.room.fill(0xaa);
  return reply;
}

function sealed(reply: Reply): ByteReader {
  const reader = new ByteReader(reply.seal(0xffeeddccbbaa9988n));
  assertEquals(reader.u32(), reader.remaining + 4);
  return reader;
}

function assertSuccess(reader: ByteReader): void {
  assertEquals([reader.i32(), reader.bigU64()], [0, 0xffeeddccbbaa9988n]);
}

function assertAttributes(reader: ByteReader): void {
  assertEquals([reader.u64(), reader.u64(), reader.u64()], [2 ** 33, 2 ** 40 + 1, 3]);
  assertEquals([reader.u64(), reader.u64(), reader.u64()], [4, 4, 4]);
  assertEquals([reader.u32(), reader.u32(), reader.u32()], [0, 0, 0]);
  const rest = Array.from({ length: 7 }, () => reader.u32());
  assertEquals(rest, [0o100644, 5, 6, 7, 0xfffffff8, 9, 0]);
  assertEquals(reader.remaining, 0);
}

Deno.test("Reply.error() sends a negative errno and no data", () => {
  const reply = dirtyReply();
  reply.data(100);
  reply.error(ERRNO.EIO);
  const reader = sealed(reply);
  assertEquals([reader.i32(), reader.bigU64(), reader.remaining], [-5, 0xffeeddccbbaa9988n, 0]);
});

Deno.test("Reply.entry() tells a file and how long that holds", () => {
  const reply = dirtyReply();
  reply.entry({ nodeId: 2 ** 48 + 1, attributes: ATTRIBUTES });
  const reader = sealed(reply);
  assertSuccess(reader);
  assertEquals([reader.u64(), reader.u64()], [2 ** 48 + 1, 0]);
  assertEquals([reader.u64(), reader.u64()], [2592000, 2592000]);
  assertEquals([reader.u32(), reader.u32()], [0, 0]);
  assertAttributes(reader);
});

Deno.test("Reply.entry() tells that there is no such file in a way that is remembered", () => {
  const reply = dirtyReply();
  reply.entry({ nodeId: 0, attributes: null });
  const reader = sealed(reply);
  assertSuccess(reader);
  assertEquals([reader.u64(), reader.u64(), reader.u64()], [0, 0, 2592000]);
  reader.skip(16);
  assertEquals([...reader.bytes(reader.remaining)], new Array(88).fill(0));
});

Deno.test("Reply.attributes() is a struct fuse_attr_out", () => {
  const reply = dirtyReply();
  reply.attributes(ATTRIBUTES);
  const reader = sealed(reply);
  assertSuccess(reader);
  assertEquals([reader.u64(), reader.u32(), reader.u32()], [2592000, 0, 0]);
  assertAttributes(reader);
});

Deno.test("Reply.opened(), xattrLength() and done() overwrite what was there", () => {
  const reply = dirtyReply();
  reply.opened();
  let reader = sealed(reply);
  assertSuccess(reader);
  assertEquals([reader.u64(), reader.u32(), reader.u32(), reader.remaining], [0, 10, 0, 0]);
  reply.xattrLength(65536);
  reader = sealed(reply);
  assertSuccess(reader);
  assertEquals([reader.u32(), reader.u32(), reader.remaining], [65536, 0, 0]);
  reply.done();
  reader = sealed(reply);
  assertSuccess(reader);
  assertEquals(reader.remaining, 0);
});

Deno.test("Reply.statistics() is a struct fuse_kstatfs with nothing free", () => {
  const reply = dirtyReply();
  reply.statistics({ blocks: 10, files: 20, blockSize: 131072, maxNameLength: 256 });
  const reader = sealed(reply);
  assertSuccess(reader);
  const counts = Array.from({ length: 5 }, () => reader.u64());
  assertEquals(counts, [10, 0, 0, 20, 0]);
  const rest = Array.from({ length: 10 }, () => reader.u32());
  assertEquals(rest, [131072, 256, 131072, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(reader.remaining, 0);
});

Deno.test("Reply.data() sends what was put in its room, and bytes() no more than fits", () => {
  const reply = dirtyReply();
  reply.room.set([1, 2, 3]);
  reply.data(3);
  const reader = sealed(reply);
  assertSuccess(reader);
  assertEquals([...reader.bytes(3)], [1, 2, 3]);
  assertThrows(() => reply.bytes(new Uint8Array(257)), RangeError);
  reply.bytes(new Uint8Array(256));
  assertEquals(reply.seal(1n).length, 272);
});
