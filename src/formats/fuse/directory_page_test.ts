import { assert, assertEquals } from "@std/assert";
import { ByteReader } from "../../bytes/mod.ts";
import { DirectoryPage } from "./directory_page.ts";

const NAME = { inodeNumber: 5, type: 8, nextOffset: 3 };
const UNTOLD = { nodeId: 0, attributes: null };

Deno.test("DirectoryPage packs names one behind the other, each to a multiple of 8 bytes", () => {
  const room = new Uint8Array(72).fill(0xaa);
  const page = new DirectoryPage(room);
  assert(page.add({ ...NAME, name: "a\xff" }));
  assert(page.add({ ...NAME, name: "12345678", nextOffset: 0x7fffffff }));
  assertEquals(page.length, 64);
  const reader = new ByteReader(room);
  assertEquals([reader.u64(), reader.u64(), reader.u32(), reader.u32()], [5, 3, 2, 8]);
  assertEquals(reader.byteString(8), "a\xff\0\0\0\0\0\0");
  assertEquals([reader.u64(), reader.u64(), reader.u32()], [5, 0x7fffffff, 8]);
  reader.skip(4);
  assertEquals(reader.byteString(8), "12345678");
});

Deno.test("DirectoryPage refuses a name that does not fit whole and takes the one that does", () => {
  const page = new DirectoryPage(new Uint8Array(39));
  assert(!page.add({ ...NAME, name: "123456789" }));
  assertEquals(page.length, 0);
  assert(page.add({ ...NAME, name: "12345678" }));
  assert(!page.add({ ...NAME, name: "" }));
  assertEquals(page.length, 32);
});

Deno.test("DirectoryPage.addPlus() puts the file before its name", () => {
  const room = new Uint8Array(160).fill(0xaa);
  const page = new DirectoryPage(room);
  const attributes = {
    inodeNumber: 5,
    size: 1,
    blocks: 1,
    time: 1,
    mode: 0o100600,
    nlink: 1,
    uid: 0,
    gid: 0,
    device: 0,
    blockSize: 4096,
  };
  assert(!page.addPlus({ ...NAME, name: "123456789" }, { nodeId: 9, attributes }));
  assert(page.addPlus({ ...NAME, name: "n" }, { nodeId: 9, attributes }));
  assertEquals(page.length, 160);
  const reader = new ByteReader(room);
  assertEquals(reader.u64(), 9);
  reader.skip(32);
  assertEquals(reader.u64(), 5);
  reader.skip(80);
  assertEquals([reader.u64(), reader.u64(), reader.u32(), reader.u32()], [5, 3, 1, 8]);
  assertEquals(reader.byteString(8), "n\0\0\0\0\0\0\0");
});

Deno.test("DirectoryPage works on a part of a buffer", () => {
  const buffer = new Uint8Array(200);
  const page = new DirectoryPage(buffer.subarray(16, 176));
  assert(page.addPlus({ ...NAME, name: "n" }, UNTOLD));
  assertEquals(buffer[16 + 152], "n".charCodeAt(0));
  assertEquals(buffer[16 + 128], 5);
});
