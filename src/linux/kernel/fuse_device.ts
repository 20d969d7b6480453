import type { ByteString } from "../../bytes/mod.ts";
import { AT, O, openat, S } from "../file/files.ts";
import { errno, libc } from "../call/libc.ts";
import { MS } from "./mounts.ts";
import { rawSyscall, tryRawSyscall } from "../call/raw_syscall.ts";
import { SyscallError } from "../call/syscall_error.ts";

const symbols = libc({
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
});

const DEVICE = "/dev/fuse";

const ENOENT = 2;
const EINTR = 4;
const EAGAIN = 11;
const ENODEV = 19;

const POLLIN = 1;
/** A struct pollfd. */
const pollFd = new Int32Array(2);

/**
 * Whether there is a request to read (poll(2)). Also true when the connection has ended, which
 * reading then tells.
 *
 * @param options.patience how long to wait for one, in milliseconds; negative: until there is one
 */
export function fuseRequestWaits(fuseFd: number, { patience }: { patience: number }): boolean {
  pollFd[0] = fuseFd;
  pollFd[1] = POLLIN;
  return symbols().poll(pollFd, 1n, patience) !== 0;
}

/**
 * Waits until there is a request to read, or something on a socket: a message, or its end.
 *
 * @param options.patience how long to wait, in milliseconds; negative: for ever
 */
export function fuseRequestOrMessage(
  fuseFd: number,
  { socket, patience }: { socket: number; patience: number },
): { request: boolean; message: boolean } {
  const both = new Int32Array([fuseFd, POLLIN, socket, POLLIN]);
  const seconds = Math.floor(patience / 1000);
  const time = BigInt64Array.of(BigInt(seconds), BigInt(patience - seconds * 1000) * 1_000_000n);
  const limit = patience < 0 ? null : new Uint8Array(time.buffer);
  const ready = tryRawSyscall("ppoll", [new Uint8Array(both.buffer), 2, limit, null, 0]) > 0;
  const hasEvents = (index: number) => ready && ((both[index] ?? 0) >>> 16) !== 0;
  return { request: hasEvents(1), message: hasEvents(3) };
}

/**
 * Waits until there is a request to read, or the other end of a pipe is closed.
 *
 * @returns false when it is
 */
export function fuseRequestWaitsUnless(fuseFd: number, closedPipe: number): boolean {
  const both = new Int32Array([fuseFd, POLLIN, closedPipe, 0]);
  const bytes = new Uint8Array(both.buffer);
  const hasEvents = (index: number) => ((both[index] ?? 0) >>> 16) !== 0;
  for (;;) {
    tryRawSyscall("ppoll", [bytes, 2, null, null, 0]);
    if (hasEvents(3)) return false;
    if (hasEvents(1)) return true;
  }
}

/**
 * Opens the device, for a connection to come. Reading does not wait: several processes may wait for
 * the same request, and one gets it.
 *
 * @throws {SyscallError}
 */
export function openFuseDevice(): number {
  return openat(AT.FDCWD, DEVICE, { flags: O.RDWR | O.NONBLOCK });
}

/**
 * Opens the device again for the same connection (FUSE_DEV_IOC_CLONE). Requests that are read from
 * this descriptor and not answered when it is closed fail; others would wait for ever.
 *
 * @throws {SyscallError}
 */
export function cloneFuseDevice(fuseFd: number): number {
  const FUSE_DEV_IOC_CLONE = 0x8004e500;
  const fd = openFuseDevice();
  rawSyscall("ioctl", [fd, FUSE_DEV_IOC_CLONE, new Uint8Array(new Uint32Array([fuseFd]).buffer)]);
  return fd;
}

/**
 * Waits for a request and reads it. Any thread may reply, through the same descriptor.
 *
 * @returns its length; 0 if there is none after all, where the descriptor does not wait
 *   (O_NONBLOCK); null when the connection has ended
 * @throws {SyscallError}
 */
export function readFuseRequest(fuseFd: number, into: Uint8Array<ArrayBuffer>): number | null {
  for (;;) {
    const length = symbols().read(fuseFd, into, BigInt(into.length));
    if (length > 0) return length;
    const error = length === 0 ? ENODEV : errno();
    if (error === ENODEV) return null;
    if (error === EAGAIN) return 0;
    // ENOENT: the process that asked was killed meanwhile.
    if (error !== EINTR && error !== ENOENT) throw new SyscallError("read", error, DEVICE);
  }
}

/**
 * Writes one reply.
 *
 * @returns false when the connection has ended
 * @throws {SyscallError} the kernel does not take the reply
 */
export function writeFuseReply(fuseFd: number, reply: Uint8Array<ArrayBuffer>): boolean {
  if (symbols().write(fuseFd, reply, BigInt(reply.length)) >= 0) return true;
  const error = errno();
  if (error === ENODEV) return false;
  // ENOENT: the process that asked has been interrupted and waits no more.
  if (error === ENOENT) return true;
  throw new SyscallError("write", error, DEVICE);
}

/** Which processes a mount is for, and how. */
export interface FuseMountOptions {
  /** The open, unconnected device. */
  fuseFd: number;
  /** The user that mounts, by the ids of the user namespace. */
  uid: number;
  gid: number;
  /** Largest read that the server is asked for, in bytes. */
  maxRead: number;
}

/**
 * The options of a read-only FUSE mount, for mount(2).
 *
 * `default_permissions`: the kernel checks permission bits by itself, from attributes it has
 * cached; the server is never asked. `allow_other`: everybody in the user namespace may use the
 * mount and not just those with exactly the ids of the one who mounted, which a changed group or a
 * set-id program would not have. Outside the namespace it gives nobody anything.
 */
export function fuseMountData({ fuseFd, uid, gid, maxRead }: FuseMountOptions): ByteString {
  const rootMode = S.IFDIR.toString(8);
  return `fd=${fuseFd},rootmode=${rootMode},user_id=${uid},group_id=${gid},` +
    `max_read=${maxRead},default_permissions,allow_other`;
}

/** Flags of such a mount for mount(2): set-id bits and devices of an image mean nothing. */
export const FUSE_MOUNT_FLAGS: number = MS.RDONLY | MS.NOSUID | MS.NODEV;
