import { rawSyscall, tryRawSyscall, wordOf } from "../call/raw_syscall.ts";
import { isSyscallError } from "../call/syscall_error.ts";
import { memory, type Structure, type Syscall } from "../table/syscall_image.ts";

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** The two ends of a connection that keeps messages apart (socketpair(2)). @throws {SyscallError} */
export function socketPair(): [number, number] {
  const AF_UNIX = 1, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 0o2000000;
  const ends = new Int32Array(2);
  rawSyscall("socketpair", [
    AF_UNIX,
    SOCK_SEQPACKET | SOCK_CLOEXEC,
    0,
    new Uint8Array(ends.buffer),
  ]);
  return [ends[0] ?? -1, ends[1] ?? -1];
}

/** Gives the process at the other end a copy of a descriptor (unix(7), SCM_RIGHTS). @throws {SyscallError} */
export function sendDescriptor(socket: number, fd: number): void {
  rawSyscall("sendmsg", [socket, descriptorMessage(fd), MSG_NOSIGNAL]);
}

/**
 * Waits for a descriptor, which is closed on exec.
 *
 * @returns null when the other end has been closed
 * @throws {SyscallError}
 */
export function receiveDescriptor(socket: number): number | null {
  const message = descriptorMessage(-1);
  try {
    if (rawSyscall("recvmsg", [socket, message, MSG_CMSG_CLOEXEC]) === 0) return null;
  } catch (error) {
    // It has been closed before it had read all.
    if (isSyscallError(error, "ECONNRESET")) return null;
    throw error;
  }
  return new DataView(message.buffer).getInt32(DESCRIPTOR, true);
}

/**
 * A row that waits for a descriptor, which gets the lowest number that is free. Its result is 0 when
 * the other end has been closed.
 */
export function receiveDescriptorRow(socket: number): Syscall {
  const vector: Structure = { kind: "structure", words: [memory(new Uint8Array(1)), 1] };
  const control = memory(new Uint8Array(CONTROL_SIZE));
  const header: Structure = {
    kind: "structure",
    words: [0, 0, vector, 1, control, CONTROL_SIZE, 0],
  };
  return {
    name: "recvmsg",
    arguments: [socket, header, 0],
    failure: "Cannot receive a descriptor",
  };
}

/** Whether there is something to read, or the other end has been closed (poll(2)). */
export function hasMessage(socket: number): boolean {
  const POLLIN = 1;
  const pollFd = new Uint8Array(new Int32Array([socket, POLLIN]).buffer);
  const noTime = new Uint8Array(16); // struct timespec
  return tryRawSyscall("ppoll", [pollFd, 1, noTime, null, 0]) > 0;
}

/** Where things lie in the memory of a message: its struct msghdr is at the beginning. */
const VECTOR = 56;
const CONTROL = 72;
const DESCRIPTOR = CONTROL + 16;
const CONTROL_SIZE = 24;
const DATA = CONTROL + CONTROL_SIZE;

/** A message of one byte, with a descriptor or room for one (cmsg(3)). */
function descriptorMessage(fd: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(DATA + 1);
  const view = new DataView(message.buffer);
  const address = wordOf(message);
  const word = (at: number, value: bigint | number) => view.setBigUint64(at, BigInt(value), true);
  word(16, address + BigInt(VECTOR));
  word(24, 1);
  word(32, address + BigInt(CONTROL));
  word(40, CONTROL_SIZE);
  word(VECTOR, address + BigInt(DATA));
  word(VECTOR + 8, 1);
  word(CONTROL, CONTROL_SIZE - 4); // CMSG_LEN(4)
  view.setInt32(CONTROL + 8, SOL_SOCKET, true);
  view.setInt32(CONTROL + 12, SCM_RIGHTS, true);
  view.setInt32(DESCRIPTOR, fd, true);
  return message;
}
