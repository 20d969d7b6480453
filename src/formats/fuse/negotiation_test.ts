import { assert, assertEquals } from "@std/assert";
import { ByteReader } from "../../bytes/mod.ts";
import { INIT_FLAG, MAX_READ, negotiate } from "./negotiation.ts";
import { Reply } from "./reply.ts";

/** Every flag there is, as a recent kernel offers them. */
const ALL = 0xffffffff;

function agreed(offer: { minor: number; flags: number }) {
  const negotiation = negotiate({ major: 7, maxReadahead: 131072, ...offer });
  assert(negotiation.kind === "agreed");
  return negotiation;
}

Deno.test("negotiate() settles on its own version with a newer kernel", () => {
  const { reply, settled: { zeroMessageOpen, zeroMessageOpendir } } = agreed({
    minor: 45,
    flags: ALL,
  });
  assertEquals([reply.major, reply.minor, reply.maxReadahead], [7, 31, 131072]);
  assert(zeroMessageOpen && zeroMessageOpendir);
  // Nothing but what is served: no locks, no writeback, no ACLs, no export.
  assertEquals(reply.flags, Object.values(INIT_FLAG).reduce((all, flag) => all | flag, 0));
});

Deno.test("negotiate() takes up nothing that an older kernel does not offer", () => {
  const offered = INIT_FLAG.ASYNC_READ | INIT_FLAG.NO_OPEN_SUPPORT;
  const { reply, settled: { zeroMessageOpen, zeroMessageOpendir } } = agreed({
    minor: 27,
    flags: offered,
  });
  assertEquals([reply.minor, reply.flags], [27, offered]);
  assert(zeroMessageOpen && !zeroMessageOpendir);
});

Deno.test("negotiate() refuses kernels before 7.23 and asks those after 7 to come down", () => {
  const offer = { maxReadahead: 0, flags: 0 };
  assertEquals(negotiate({ ...offer, major: 7, minor: 22 }).kind, "refused");
  assertEquals(negotiate({ ...offer, major: 6, minor: 40 }).kind, "refused");
  assertEquals(negotiate({ ...offer, major: 7, minor: 23 }).kind, "agreed");
  const again = negotiate({ ...offer, major: 8, minor: 1 });
  assert(again.kind === "again");
  assertEquals([again.reply.major, again.reply.minor], [7, 31]);
});

Deno.test("Reply.init() is a struct fuse_init_out of 64 bytes", () => {
  const reply = new Reply(64);
  reply.room.fill(0xaa);
  reply.init(agreed({ minor: 31, flags: ALL }).reply);
  const reader = new ByteReader(reply.seal(1n));
  assertEquals(reader.u32(), 80);
  reader.skip(12);
  assertEquals([reader.u32(), reader.u32(), reader.u32()], [7, 31, 131072]);
  reader.skip(4);
  assertEquals([reader.u16(), reader.u16(), reader.u32()], [64, 48, 4096]);
  assertEquals([reader.u32(), reader.u16() * 4096], [1_000_000_000, MAX_READ]);
  assertEquals([...reader.bytes(34)], new Array(34).fill(0));
});
