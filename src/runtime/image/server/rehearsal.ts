import { bytesOf, type ByteString } from "../../../bytes/mod.ts";
import { nodeIdOf, OPCODE, Request } from "../../../formats/fuse/mod.ts";
import type { ImageService } from "./image_service.ts";

/** Files that a start of most images asks for. */
const PATHS: ByteString[][] = [["etc", "passwd"], ["usr", "bin", "env"], ["bin", "sh"], ["tmp"]];

const ROOT = 1;
/** What the body of READ and READDIR begins with: file handle, offset 0, size; and the rest of it. */
const READ_BODY = new Uint8Array(40);
new DataView(READ_BODY.buffer).setUint32(16, 4096, true);
const XATTR_BODY = Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 0);
const NO_BODY = new Uint8Array();

/**
 * Has a service answer what the kernel will ask for first, one request at each step. Code that runs
 * for the first time takes ten times as long, and here no request waits for it.
 */
export function* rehearse(service: ImageService): Generator<void> {
  const request = new Request();
  const ask = (opcode: number, nodeId: number, body: Uint8Array) => {
    request.compose({ opcode, nodeId, body });
    return service.answer(request);
  };
  for (const opcode of [OPCODE.STATFS, OPCODE.GETATTR, OPCODE.OPENDIR]) {
    yield void ask(opcode, ROOT, NO_BODY);
  }
  yield void ask(OPCODE.READDIRPLUS, ROOT, READ_BODY);
  for (const path of PATHS) {
    let nodeId = ROOT;
    for (const name of path) {
      const reply = ask(OPCODE.LOOKUP, nodeId, bytesOf(`${name}\0`));
      nodeId = reply === null ? 0 : nodeIdOf(reply);
      if (nodeId === 0) break;
      yield;
    }
    if (nodeId === 0) continue;
    yield void ask(OPCODE.GETATTR, nodeId, NO_BODY);
    yield void ask(OPCODE.READLINK, nodeId, NO_BODY);
    yield void ask(OPCODE.LISTXATTR, nodeId, XATTR_BODY);
    yield void ask(OPCODE.OPEN, nodeId, NO_BODY);
    yield void ask(OPCODE.READ, nodeId, READ_BODY);
  }
}
