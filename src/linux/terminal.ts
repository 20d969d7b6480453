import type { ByteString } from "../bytes/mod.ts";
import { AT, readlinkat } from "./files.ts";
import { tryRawSyscall } from "./raw_syscall.ts";

/** The path of the terminal a descriptor is open on (ttyname(3)); null when it is none. */
export function terminalName(fd: number): ByteString | null {
  const TCGETS = 0x5401;
  const SIZE_OF_TERMIOS = 64;
  if (tryRawSyscall("ioctl", [fd, TCGETS, new Uint8Array(SIZE_OF_TERMIOS)]) !== 0) return null;
  return readlinkat(AT.FDCWD, `/proc/self/fd/${fd}`);
}
