import type { ByteString } from "../../bytes/mod.ts";
import { AT, O, readlinkat } from "./files.ts";
import { tryRawSyscall } from "../call/raw_syscall.ts";

/**
 * Makes the terminals on the standard descriptors blocking again: our runtime, when it starts, makes
 * them non-blocking for every program that shares them, and other programs take that for an error.
 */
export function blockOnTerminals(): void {
  const F_GETFL = 3, F_SETFL = 4;
  for (const [fd, stream] of [Deno.stdin, Deno.stdout, Deno.stderr].entries()) {
    if (!stream.isTerminal()) continue;
    const flags = tryRawSyscall("fcntl", [fd, F_GETFL]);
    if (flags >= 0) tryRawSyscall("fcntl", [fd, F_SETFL, flags & ~O.NONBLOCK]);
  }
}

/** The path of the terminal a descriptor is open on (ttyname(3)); null when it is none. */
export function terminalName(fd: number): ByteString | null {
  const TCGETS = 0x5401;
  const SIZE_OF_TERMIOS = 64;
  if (tryRawSyscall("ioctl", [fd, TCGETS, new Uint8Array(SIZE_OF_TERMIOS)]) !== 0) return null;
  return readlinkat(AT.FDCWD, `/proc/self/fd/${fd}`);
}
