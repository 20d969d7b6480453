import { AT, O, openat } from "./files.ts";
import { rawSyscall, tryRawSyscall } from "../call/raw_syscall.ts";

/* Requests of ioctl_tty(2). */
const TCGETS = 0x5401, TCSETS = 0x5402;
const TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414;
const TIOCSPTLCK = 0x40045431, TIOCGPTPEER = 0x5441;

const SIZE_OF_TERMIOS = 64; // The kernel's structure is smaller.
const O_CLOEXEC = 0o2000000;

/** The two ends of a pseudo-terminal (pty(7)), as descriptors that are closed on exec. */
export interface PseudoTerminal {
  readonly master: number;
  readonly slave: number;
}

/**
 * Makes a pseudo-terminal that behaves as another terminal does and has its size.
 *
 * @param options.like a descriptor of that terminal
 * @param options.uid the user that the slave is given to
 * @throws {SyscallError}
 */
export function openPseudoTerminal(
  { like, uid }: { like: number; uid: number },
): PseudoTerminal {
  const master = openat(AT.FDCWD, "/dev/ptmx", { flags: O.RDWR | O.NOCTTY });
  rawSyscall("ioctl", [master, TIOCSPTLCK, new Uint8Array(4)]);
  // Not by its name: another devpts(5) may be mounted where that leads.
  const slave = rawSyscall("ioctl", [master, TIOCGPTPEER, O.RDWR | O.NOCTTY | O_CLOEXEC]);
  rawSyscall("fchown", [slave, uid, -1]);
  const attributes = new Uint8Array(SIZE_OF_TERMIOS);
  if (tryRawSyscall("ioctl", [like, TCGETS, attributes]) === 0) {
    rawSyscall("ioctl", [slave, TCSETS, attributes]);
  }
  copyWindowSize(like, master);
  return { master, slave };
}

/** Gives a terminal the size of another one, if that has any. */
export function copyWindowSize(from: number, to: number): void {
  const size = new Uint8Array(8); // struct winsize
  if (tryRawSyscall("ioctl", [from, TIOCGWINSZ, size]) === 0) {
    tryRawSyscall("ioctl", [to, TIOCSWINSZ, size]);
  }
}

/** Whether this process has a controlling terminal (tty(4)). */
export function hasControllingTerminal(): boolean {
  const fd = tryRawSyscall("openat", [AT.FDCWD, DEV_TTY, O.RDWR | O.NOCTTY | O_CLOEXEC, 0]);
  if (fd < 0) return false;
  tryRawSyscall("close", [fd]);
  return true;
}

const DEV_TTY = new TextEncoder().encode("/dev/tty\0");

/** A descriptor that may keep a call waiting, used without blocking this thread. */
export interface WaitingDescriptor {
  /** The bytes that come next; empty at the end, or where no more can be read (read(2)). */
  read(): Promise<Uint8Array>;
  /** Writes all of it (write(2)). @returns whether that was possible */
  write(bytes: Uint8Array): Promise<boolean>;
}

const READ_SIZE = 16384;

/** Reads and writes a descriptor on other threads, where it may wait. */
export function waitingDescriptor(fd: number): WaitingDescriptor {
  const { symbols } = Deno.dlopen("libc.so.6", {
    read: { parameters: ["i32", "buffer", "usize"], result: "isize", nonblocking: true },
    write: { parameters: ["i32", "buffer", "usize"], result: "isize", nonblocking: true },
  });
  const buffer = new Uint8Array(READ_SIZE);
  return {
    async read() {
      const length = Number(await symbols.read(fd, buffer, BigInt(buffer.length)));
      return buffer.subarray(0, Math.max(0, length));
    },
    async write(bytes) {
      let rest = Uint8Array.from(bytes);
      while (rest.length > 0) {
        const length = Number(await symbols.write(fd, rest, BigInt(rest.length)));
        if (length < 0) return false;
        rest = rest.slice(length);
      }
      return true;
    },
  };
}
