import { assert, assertEquals } from "@std/assert";
import { OPCODE } from "./opcode.ts";
import { Request } from "./request.ts";
import { requestBytes } from "../../../tests/support/fuse_requests.ts";

/** A Request that has taken in these bytes. */
function received(bytes: Uint8Array): Request {
  const request = new Request();
  request.buffer.fill(0xaa);
  request.buffer.set(bytes);
  assert(request.receive(bytes.length));
  return request;
}

Deno.test("Request reads the header of linux/fuse.h", () => {
  const request = received(
    requestBytes({ opcode: OPCODE.GETATTR, unique: 0xfedcba9876543210n, nodeId: 2 ** 40, uid: 7 }),
  );
  assertEquals(request.opcode, 3);
  assertEquals(request.unique, 0xfedcba9876543210n);
  assertEquals(request.nodeId, 2 ** 40);
  assertEquals(request.uid, 7);
  assert(request.complete);
});

Deno.test("Request refuses what is no whole request and takes the same one whole", () => {
  const bytes = requestBytes({ opcode: OPCODE.GETATTR });
  const request = new Request();
  request.buffer.set(bytes);
  assert(!request.receive(39));
  assert(!request.receive(bytes.length + 1));
  assert(!request.receive(0));
  assert(request.receive(bytes.length));
});

Deno.test("Request knows which requests lack a part of their body", () => {
  const lengths: [keyof typeof OPCODE, number][] = [
    ["LOOKUP", 2],
    ["READ", 40],
    ["READDIR", 40],
    ["READDIRPLUS", 40],
    ["GETXATTR", 10],
    ["LISTXATTR", 8],
    ["INIT", 16],
  ];
  for (const [name, length] of lengths) {
    const opcode = OPCODE[name];
    const body = (length: number) => ({ opcode, body: new Uint8Array(length) });
    assert(!received(requestBytes(body(length - 1))).complete, name);
    assert(received(requestBytes(body(length))).complete, name);
  }
  assert(received(requestBytes({ opcode: OPCODE.STATFS })).complete);
});

Deno.test("Request reads ranges; an offset that no number holds comes out as infinity", () => {
  const body = new Uint8Array(40);
  const view = new DataView(body.buffer);
  view.setBigUint64(8, 0x1122334455n, true);
  view.setUint32(16, 131072, true);
  assertEquals(received(requestBytes({ opcode: OPCODE.READ, body })).range(), {
    offset: 0x1122334455,
    size: 131072,
  });
  view.setBigUint64(8, 1n << 53n, true);
  assertEquals(received(requestBytes({ opcode: OPCODE.READ, body })).range().offset, Infinity);
});

Deno.test("Request reads names up to their NUL, or to the end of the request", () => {
  const lookup = (...body: number[]) =>
    received(requestBytes({ opcode: OPCODE.LOOKUP, body: Uint8Array.from(body) })).lookupName();
  assertEquals(lookup(65, 0xe9, 0), "A\xe9");
  assertEquals(lookup(65, 66), "AB");
  assertEquals(lookup(0, 66), "");
  const getxattr = received(
    requestBytes({
      opcode: OPCODE.GETXATTR,
      body: Uint8Array.from([9, 1, 0, 0, 0, 0, 0, 0, 97, 46, 98, 0]),
    }),
  );
  assertEquals([getxattr.xattrRoom(), getxattr.xattrName()], [265, "a.b"]);
});

Deno.test("Request reads what the kernel offers", () => {
  const body = new Uint8Array(64);
  const view = new DataView(body.buffer);
  [7, 45, 131072, 0xf3fffffb].forEach((value, index) => view.setUint32(4 * index, value, true));
  assertEquals(received(requestBytes({ opcode: OPCODE.INIT, body })).init(), {
    major: 7,
    minor: 45,
    maxReadahead: 131072,
    flags: 0xf3fffffb,
  });
});
