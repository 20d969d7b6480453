import { SIZE } from "../../src/formats/fuse/layout.ts";

/** What a test wants in a request; the rest is zero. */
export interface RequestFields {
  opcode: number;
  unique?: bigint;
  nodeId?: number;
  uid?: number;
  body?: Uint8Array;
}

/** The bytes of a request as the kernel sends it. */
export function requestBytes(
  { opcode, unique = 1n, nodeId = 1, uid = 0, body = new Uint8Array() }: RequestFields,
): Uint8Array {
  const bytes = new Uint8Array(SIZE.inHeader + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, opcode, true);
  view.setBigUint64(8, unique, true);
  view.setBigUint64(16, BigInt(nodeId), true);
  view.setUint32(24, uid, true);
  bytes.set(body, SIZE.inHeader);
  return bytes;
}

/** The body of READ, READDIR and READDIRPLUS. */
export function rangeBody(offset: number, size: number): Uint8Array {
  const body = new Uint8Array(SIZE.readIn);
  const view = new DataView(body.buffer);
  view.setBigUint64(8, BigInt(offset), true);
  view.setUint32(16, size, true);
  return body;
}

/** The body of a request for a name, behind `before` bytes of zeros. */
export function nameBody(name: string, before = 0): Uint8Array {
  const body = new Uint8Array(before + name.length + 1);
  for (let index = 0; index < name.length; index++) body[before + index] = name.charCodeAt(index);
  return body;
}
