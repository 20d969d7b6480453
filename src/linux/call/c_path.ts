import type { ByteString } from "../../bytes/mod.ts";
import { SyscallError } from "./syscall_error.ts";

const PATH_MAX = 4096;
const ENAMETOOLONG = 36;

const first = new Uint8Array(PATH_MAX);
const second = new Uint8Array(PATH_MAX);

/**
 * A path as a C string in a buffer that the next call reuses: only for calls that do not keep it.
 * (Extracting an image makes several calls per file; an allocation for each would show.)
 *
 * @throws {SyscallError} ENAMETOOLONG for what the kernel would not take either
 * @throws {TypeError} on an embedded NUL, which would cut the path short
 */
export function cPath(path: ByteString, call: string): Uint8Array<ArrayBuffer> {
  return fill(first, path, call);
}

/** As {@link cPath}, for the second path of a call that takes two. */
export function secondCPath(path: ByteString, call: string): Uint8Array<ArrayBuffer> {
  return fill(second, path, call);
}

function fill(
  buffer: Uint8Array<ArrayBuffer>,
  path: ByteString,
  call: string,
): Uint8Array<ArrayBuffer> {
  const length = path.length;
  if (length >= PATH_MAX) throw new SyscallError(call, ENAMETOOLONG, path.slice(0, 64));
  for (let index = 0; index < length; index++) {
    const byte = path.charCodeAt(index);
    if (byte === 0) throw new TypeError("embedded NUL in a path");
    buffer[index] = byte;
  }
  buffer[length] = 0;
  return buffer;
}
