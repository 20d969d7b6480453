import { assert, assertEquals } from "@std/assert";
import { bytesOf } from "../../../src/bytes/mod.ts";
import { OPCODE, Request } from "../../../src/formats/fuse/mod.ts";
import { AT, close, O, openat } from "../../../src/linux/mod.ts";
import { ImageService } from "../../../src/runtime/image/server/image_service.ts";
import { ServedImage } from "../../../src/runtime/image/server/served_image.ts";
import { SQUASHFS_WORDS, squashfsSeeds } from "../squashfs_seeds.ts";
import { type FuzzTarget, isEnrootRefusal } from "../target.ts";

const HEADER = 40;
const REPLY_HEADER = 16;
/** Where READDIRPLUS entries have the node number, the length of the name, and the name. */
const ENTRY_SIZE = 128;
const MAX_REQUESTS = 200;

/** The image server behind FUSE, asked as the kernel would ask who lists and reads everything. */
export const imageServiceTarget: FuzzTarget = {
  name: "image-service",
  weight: 8,
  open: async (directory) => {
    const seeds = await squashfsSeeds(directory, { manyNames: true });
    const path = `${directory}/served`;
    return {
      seeds,
      dictionary: SQUASHFS_WORDS,
      run(input) {
        Deno.writeFileSync(path, input);
        const imageFd = openat(AT.FDCWD, path, { flags: O.RDONLY });
        try {
          walk(new ServedImage({ imageFd, offset: 0, owner: null }));
        } finally {
          close(imageFd);
        }
      },
      isRefusal: isEnrootRefusal,
    };
  },
};

/** Requests themselves, which come from the kernel: a sequence of them, each with its length. */
export const requestTarget: FuzzTarget = {
  name: "fuse-request",
  weight: 4,
  open: async (directory) => {
    const [image] = await squashfsSeeds(directory, { manyNames: true });
    const path = `${directory}/served`;
    Deno.writeFileSync(path, image?.bytes ?? new Uint8Array(0));
    const imageFd = openat(AT.FDCWD, path, { flags: O.RDONLY });
    return {
      seeds: [{ bytes: concat(REQUESTS) }, { bytes: concat(REQUESTS.toReversed()) }],
      run(input) {
        const { service, failures } = serve(new ServedImage({ imageFd, offset: 0, owner: null }));
        const request = new Request();
        for (let at = 0; at + HEADER <= input.length;) {
          const length = Math.max(HEADER, (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8));
          const bytes = input.subarray(at, at + length);
          if (bytes.length > request.buffer.length) break;
          request.buffer.set(bytes);
          if (request.receive(bytes.length)) checkReply(service.answer(request), request);
          at += length;
        }
        for (const error of failures) throw error;
      },
      isRefusal: isEnrootRefusal,
    };
  },
};

/** A service, and the failures it told about. */
function serve(image: ServedImage): { service: ImageService; failures: unknown[] } {
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => {
    if (!isEnrootRefusal(error)) throw error;
    failures.push(error);
  };
  return { service: new ImageService(image, { onFailure }), failures };
}

function walk(image: ServedImage): void {
  const { service, failures } = serve(image);
  const request = new Request();
  const view = new DataView(request.buffer.buffer);
  let requests = 0;
  const ask = (opcode: number, node: number, body: Uint8Array): Uint8Array => {
    requests++;
    request.buffer.set(requestBytes(opcode, node, body));
    assert(request.receive(view.getUint32(0, true)));
    const reply = service.answer(request);
    checkReply(reply, request);
    return reply?.slice(REPLY_HEADER) ?? new Uint8Array(0);
  };
  const pending = [1];
  const seen = new Set(pending);
  for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
    if (requests > MAX_REQUESTS) break;
    ask(OPCODE.GETATTR, top, new Uint8Array(16));
    ask(OPCODE.READLINK, top, new Uint8Array(0));
    ask(OPCODE.LISTXATTR, top, sizes(4096, 0));
    ask(OPCODE.GETXATTR, top, concat([sizes(100, 0), bytesOf("user.a\0")]));
    ask(OPCODE.READ, top, range(0, 65536));
    ask(OPCODE.LOOKUP, top, bytesOf("name42\0"));
    ask(OPCODE.READDIR, top, range(3, 4096));
    const page = ask(OPCODE.READDIRPLUS, top, range(0, 8192));
    for (const node of nodesOf(page)) {
      if (seen.has(node)) continue;
      seen.add(node);
      pending.push(node);
    }
  }
  for (const error of failures) throw error;
}

/** The node numbers in a page of READDIRPLUS (struct fuse_direntplus). */
function* nodesOf(page: Uint8Array): Generator<number> {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  for (let at = 0; at + ENTRY_SIZE + 24 <= page.length;) {
    const node = view.getBigUint64(at, true);
    const nameLength = view.getUint32(at + ENTRY_SIZE + 16, true);
    assert(nameLength > 0 && nameLength <= 256, "name of impossible length");
    if (node !== 0n) yield Number(node);
    at += Math.ceil((ENTRY_SIZE + 24 + nameLength) / 8) * 8;
  }
}

function checkReply(reply: Uint8Array | null, request: Request): void {
  if (reply === null) return;
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
  assertEquals(view.getUint32(0, true), reply.length, "reply of another length");
  const errno = -view.getInt32(4, true);
  assert(errno >= 0 && errno < 512, "no errno");
  assert(errno === 0 || reply.length === REPLY_HEADER, "an error with data");
  assertEquals(view.getBigUint64(8, true), request.unique);
}

/** A request as the kernel writes it (struct fuse_in_header). */
function requestBytes(opcode: number, node: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, opcode, true);
  view.setBigUint64(8, 7n, true);
  view.setBigUint64(16, BigInt(node), true);
  bytes.set(body, HEADER);
  return bytes;
}

/** The body of READ and its kin (struct fuse_read_in). */
function range(offset: number, size: number): Uint8Array {
  const body = new Uint8Array(40);
  const view = new DataView(body.buffer);
  view.setBigUint64(8, BigInt(offset), true);
  view.setUint32(16, size, true);
  return body;
}

function sizes(first: number, second: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(first, second).buffer);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

const REQUESTS: readonly Uint8Array[] = [
  requestBytes(OPCODE.INIT, 0, new Uint8Array(Uint32Array.of(7, 38, 131072, 0xffffffff).buffer)),
  requestBytes(OPCODE.GETATTR, 1, new Uint8Array(16)),
  requestBytes(OPCODE.LOOKUP, 1, bytesOf("shared\0")),
  requestBytes(OPCODE.OPENDIR, 1, new Uint8Array(8)),
  requestBytes(OPCODE.READDIRPLUS, 1, range(0, 4096)),
  requestBytes(OPCODE.READDIR, 1, range(2, 100)),
  requestBytes(OPCODE.READ, 2, range(0, 4096)),
  requestBytes(OPCODE.GETXATTR, 1, concat([sizes(100, 0), bytesOf("user.a\0")])),
  requestBytes(OPCODE.LISTXATTR, 1, sizes(0, 0)),
  requestBytes(OPCODE.STATFS, 1, new Uint8Array(0)),
  requestBytes(OPCODE.READLINK, 34, new Uint8Array(0)),
  requestBytes(OPCODE.FORGET, 2, new Uint8Array(8)),
  requestBytes(OPCODE.DESTROY, 0, new Uint8Array(0)),
];
