import type { ByteString } from "../../bytes/mod.ts";
import { libc } from "../call/libc.ts";

const symbols = libc({
  getpwuid: { parameters: ["u32"], result: "pointer" },
  getgrgid: { parameters: ["u32"], result: "pointer" },
});

/** No field of an account that makes sense is longer. */
const MAX_FIELD = 4096;

/**
 * An account as the C library finds it, in whatever database nsswitch.conf(5) names: one line of
 * passwd(5) without a password. Null when there is none.
 */
export function passwdLineOf(uid: number): ByteString | null {
  const pointer = symbols().getpwuid(uid);
  if (pointer === null) return null;
  // struct passwd: name, password, uid, gid, gecos, directory, shell.
  const view = new Deno.UnsafePointerView(pointer);
  const ids = `${view.getUint32(16)}:${view.getUint32(20)}`;
  const texts = [24, 32, 40].map((offset) => stringAt(view, offset));
  return [stringAt(view, 0), "x", ids, ...texts].join(":");
}

/** As {@link passwdLineOf}, for group(5), without members. */
export function groupLineOf(gid: number): ByteString | null {
  const pointer = symbols().getgrgid(gid);
  if (pointer === null) return null;
  const view = new Deno.UnsafePointerView(pointer);
  return `${stringAt(view, 0)}:x:${view.getUint32(16)}:`;
}

function stringAt(view: Deno.UnsafePointerView, offset: number): ByteString {
  const pointer = view.getPointer(offset);
  if (pointer === null) return "";
  const text = new Deno.UnsafePointerView(pointer);
  let value = "";
  for (let index = 0; index < MAX_FIELD; index++) {
    const byte = text.getUint8(index);
    if (byte === 0) break;
    value += String.fromCharCode(byte);
  }
  return value;
}
