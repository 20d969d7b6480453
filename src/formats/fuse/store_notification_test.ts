import { assertEquals } from "@std/assert";
import { ByteReader } from "../../bytes/mod.ts";
import { STORE_NOTIFICATION_SIZE, writeStoreNotification } from "./store_notification.ts";

Deno.test("writeStoreNotification() writes a fuse_out_header and a fuse_notify_store_out", () => {
  const bytes = new Uint8Array(8 + STORE_NOTIFICATION_SIZE + 8).fill(0xaa);
  const part = { nodeId: 2 ** 48 - 1, offset: 2 ** 40 + 4096, length: 131072 };
  writeStoreNotification(new DataView(bytes.buffer), 8, part);
  const reader = new ByteReader(bytes);
  reader.skip(8);
  assertEquals([reader.u32(), reader.u32(), reader.u64()], [40 + 131072, 4, 0]);
  assertEquals([reader.u64(), reader.u64()], [part.nodeId, part.offset]);
  assertEquals([reader.u32(), reader.u32()], [131072, 0]);
  assertEquals([...reader.bytes(8)], new Array(8).fill(0xaa));
});
