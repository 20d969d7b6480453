import { type ByteString, byteString } from "../../bytes/mod.ts";
import { cPath, secondCPath } from "../call/c_path.ts";
import { check, libc } from "../call/libc.ts";
import { isSyscallError } from "../call/syscall_error.ts";

const symbols = libc({
  fgetxattr: { parameters: ["i32", "buffer", "buffer", "usize"], result: "i32" },
  fsetxattr: { parameters: ["i32", "buffer", "buffer", "usize", "i32"], result: "i32" },
  flistxattr: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  lgetxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "i32" },
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
});

// XATTR_SIZE_MAX and XATTR_LIST_MAX: the kernel never has more.
const BUFFER_SIZE = 1 << 16;
let buffer: Uint8Array<ArrayBuffer> | undefined;

/** An open file, or the path of one (symbolic links not followed). See xattr(7). */
export type FileOrPath = number | ByteString;

/** The names of a file's extended attributes; none where the file system has no such thing. */
export function listXattrs(file: FileOrPath): ByteString[] {
  buffer ??= new Uint8Array(BUFFER_SIZE);
  const size = BigInt(BUFFER_SIZE);
  try {
    const length = typeof file === "number"
      ? check(symbols().flistxattr(file, buffer, size), "flistxattr")
      : check(symbols().llistxattr(cPath(file, "llistxattr"), buffer, size), "llistxattr", file);
    return length === 0 ? [] : byteString(buffer, 0, length - 1).split("\0");
  } catch (error) {
    if (isSyscallError(error, "EOPNOTSUPP")) return [];
    throw error;
  }
}

/** The value of an extended attribute, or null when the file has none of that name. */
export function getXattr(file: FileOrPath, name: ByteString): Uint8Array<ArrayBuffer> | null {
  buffer ??= new Uint8Array(BUFFER_SIZE);
  const size = BigInt(BUFFER_SIZE);
  const key = secondCPath(name, "getxattr");
  try {
    const length = typeof file === "number"
      ? check(symbols().fgetxattr(file, key, buffer, size), "fgetxattr", name)
      : check(symbols().lgetxattr(cPath(file, "lgetxattr"), key, buffer, size), "lgetxattr", file);
    return buffer.slice(0, length);
  } catch (error) {
    if (isSyscallError(error, "ENODATA", "EOPNOTSUPP")) return null;
    throw error;
  }
}

/** Sets an extended attribute. @throws {SyscallError} EOPNOTSUPP where there are none */
export function setXattr(
  file: FileOrPath,
  name: ByteString,
  { value }: { value: Uint8Array },
): void {
  const key = secondCPath(name, "setxattr");
  const size = BigInt(value.length);
  const bytes = value as Uint8Array<ArrayBuffer>;
  if (typeof file === "number") {
    check(symbols().fsetxattr(file, key, bytes, size, 0), "fsetxattr", name);
  } else {
    check(symbols().lsetxattr(cPath(file, "lsetxattr"), key, bytes, size, 0), "lsetxattr", file);
  }
}
