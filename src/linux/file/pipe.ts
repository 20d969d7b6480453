import { bytesOf, type ByteString, byteString } from "../../bytes/mod.ts";
import { check, libc } from "../call/libc.ts";

const symbols = libc({
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
});

const O_CLOEXEC = 0o2000000;

/** The two ends of a pipe (pipe(2)), as descriptors that are closed on exec. @throws {SyscallError} */
export function pipe(): { reader: number; writer: number } {
  const ends = new Int32Array(2);
  check(symbols().pipe2(ends, O_CLOEXEC), "pipe2");
  return { reader: ends[0] ?? -1, writer: ends[1] ?? -1 };
}

/**
 * Waits for what comes next, up to 4 KiB; empty at the end, when the last writer is gone (read(2)).
 *
 * @throws {SyscallError}
 */
export function readSome(fd: number): ByteString {
  const buffer = new Uint8Array(4096);
  const length = Number(symbols().read(fd, buffer, BigInt(buffer.length)));
  return byteString(buffer, 0, check(length, "read"));
}

/** Writes a message of at most PIPE_BUF bytes, which pipes take whole (write(2), pipe(7)). @throws {SyscallError} */
export function writeMessage(fd: number, message: ByteString): void {
  const bytes = bytesOf(message);
  check(Number(symbols().write(fd, bytes, BigInt(bytes.length))), "write");
}
