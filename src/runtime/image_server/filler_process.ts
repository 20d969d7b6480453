import { STORE_NOTIFICATION_SIZE } from "../../formats/fuse/mod.ts";
import {
  close,
  ignoreChildren,
  inheritOnExec,
  memory,
  memoryAt,
  neverWait,
  pipe,
  sharedMemory,
  spawnSyscallTable,
  type Syscall,
  text,
  wordAt,
} from "../../linux/mod.ts";
import { closeAllBut } from "../leave_rows.ts";

/** What the process that fills the page cache works with. */
export interface FillerTask {
  /** The connection's device, opened a second time (FUSE_DEV_IOC_CLONE); closed here. */
  deviceFd: number;
  /** The open image file. */
  imageFd: number;
}

/** What a thread needs to have the process work for it: a CacheFiller is made of it. */
export interface FillerLane {
  /** The thread's memory in this process, and the same memory in the other one. */
  address: number;
  remoteAddress: number;
  /** Where to write messages, each of FillerMessage's size; it never waits. */
  messages: number;
}

/** Where things are in a message; all are 64-bit words. */
export const MESSAGE = {
  /** What to read from the image first: length, 0 for nothing, and position. */
  loadLength: 0,
  loadPosition: 8,
  /** The position of the last byte read: past the end of the image, the message has no effect. */
  lastPosition: 16,
  /** Where to write the time (two words) when the message has been dealt with. */
  doneAddress: 24,
  /** Addresses and lengths of what is then written to the device (struct iovec). */
  headerAddress: 32,
  headerLength: 40,
  dataAddress: 48,
  dataLength: 56,
  /** What the first of them points at by custom: the notification without its data. */
  header: 64,
  size: 64 + STORE_NOTIFICATION_SIZE,
} as const;

/** Most bytes read from the image at once: a block of the largest size. */
const BUFFER_SIZE = 1 << 20;
/** Bytes of a lane: flags of what is done, then room for data. */
export const LANE = { flags: 64, data: 4096, size: 4096 + (2 << 20) } as const;

/** Where the process has the shared memory: away from its program, in reach of every kernel. */
const BASE = 0x10_0000_0000;
const at = {
  message: BASE,
  scratch: BASE + 256,
  guardVector: BASE + 512,
  guardReply: BASE + 640,
  pause: BASE + 768,
  guardRequest: BASE + 4096,
  buffer: BASE + 32768,
  lanes: BASE + 32768 + BUFFER_SIZE,
} as const;
/** Room for a request; requests that are larger fail by themselves. */
const REQUEST_ROOM = 8192;

/** Where the process has what a message of its current one brings, and where it reads images to. */
export const REMOTE = {
  header: at.message + MESSAGE.header,
  scratch: at.scratch,
  buffer: at.buffer,
} as const;

/**
 * Starts the process that fills the kernel's page cache, for so many threads.
 *
 * To put something into the page cache may wait, uninterruptibly, for a page that a program reads:
 * for us, that is. So it cannot be a thread of ours that does it; and if we are killed while it
 * waits, nobody answers the read any more. Hence two processes: one that reads messages and does
 * what they say, and its guard, which fails whatever requests are left when we are gone, until the
 * other one has come free. Both are a table of system calls: they take no memory to speak of, and
 * end with us.
 *
 * Somebody may kill all three at once. In the worst moment, when the second process waits for a read
 * that nobody has taken from the device yet, that leaves it, the mount and whoever unmounts it
 * waiting for each other. Only the kernel can end that, by its limit on the time that a request may
 * take: this is not for kernels without one (before Linux 6.15). And the moment is
 * rare as long as nothing is stored that somebody is likely to read at the time.
 *
 * @throws {SyscallError}
 */
export function startFiller(task: FillerTask, { lanes }: { lanes: number }): FillerLane[] {
  const size = at.lanes - BASE + lanes * LANE.size;
  const shared = sharedMemory("enroot-image", size);
  fillMemory(shared.address);
  const messages = pipe();
  const lifeline = pipe();
  neverWait(messages.writer);
  const inherited = [task.deviceFd, shared.fd, messages.reader, lifeline.reader];
  try {
    for (const fd of [...inherited, task.imageFd]) inheritOnExec(fd);
    ignoreChildren();
    const rows = guardRows({
      ...task,
      memoryFd: shared.fd,
      memorySize: size,
      messages: messages.reader,
      lifeline: lifeline.reader,
    });
    spawnSyscallTable(rows, { prefix: "", suffix: "" }, FILLER_NAME);
  } finally {
    for (const fd of inherited) close(fd);
  }
  return Array.from({ length: lanes }, (_, index) => {
    const remoteAddress = at.lanes + index * LANE.size;
    const address = shared.address + remoteAddress - BASE;
    return { address, remoteAddress, messages: messages.writer };
  });
}

/** What others see as the arguments of both processes. */
const FILLER_NAME = "enroot-read-ahead";

interface RowsTask extends FillerTask {
  memoryFd: number;
  memorySize: number;
  /** Where messages come from. */
  messages: number;
  /** Ends when the image server does. */
  lifeline: number;
}

/** What the guard does, which starts the other process. */
function guardRows(task: RowsTask): Syscall[] {
  const { deviceFd, imageFd, memoryFd, memorySize, messages, lifeline } = task;
  const PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_FIXED = 0x10;
  const PR_SET_NAME = 15, SIGCHLD = 17, SIG_BLOCK = 0, WNOHANG = 1, ANY_CHILD = -1;
  const ALL_SIGNALS = new Uint8Array(8).fill(0xff);
  const filler = fillerRows(task);
  const [firstOfFiller] = filler;
  // A request's number is at the same place as a reply's: so is the request read around the reply.
  const takeRequest: Syscall = {
    name: "readv",
    arguments: [deviceFd, at.guardVector, 3],
    ignoreError: true,
  };
  const pause: Syscall = { name: "nanosleep", arguments: [at.pause, 0], ignoreError: true };
  const setName: Syscall = {
    name: "prctl",
    arguments: [PR_SET_NAME, text(FILLER_NAME.slice(0, 15))],
    ignoreError: true,
  };
  return [
    // The guard is nobody's child, as the image server is.
    { name: "clone", arguments: [SIGCHLD, 0, 0, 0, 0], onZero: setName },
    { name: "exit_group", arguments: [0] },
    setName,
    // Whoever ends everything by SIGTERM before SIGKILL, as Slurm does, leaves the guard its time.
    { name: "rt_sigprocmask", arguments: [SIG_BLOCK, memory(ALL_SIGNALS), 0, ALL_SIGNALS.length] },
    // The server's own device must close with the server: so what was read from it fails. Standard
    // error goes as well, for what fails from here on is a matter of speed.
    ...closeAllBut([0, 1, deviceFd, imageFd, memoryFd, messages, lifeline]),
    {
      name: "mmap",
      arguments: [
        ...[BASE, memorySize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED],
        ...[memoryFd, 0],
      ],
    },
    {
      name: "clone",
      arguments: [SIGCHLD, 0, 0, 0, 0],
      ...(firstOfFiller === undefined ? {} : { onZero: firstOfFiller }),
    },
    { name: "close", arguments: [messages] },
    { name: "read", arguments: [lifeline, at.scratch + 64, 1] },
    pause,
    takeRequest,
    { name: "write", arguments: [deviceFd, at.guardReply, 16], ignoreError: true },
    { name: "wait4", arguments: [ANY_CHILD, 0, WNOHANG, 0], ignoreError: true, onZero: pause },
    { name: "exit_group", arguments: [0] },
    ...filler,
  ];
}

/** What the other process does. */
function fillerRows({ deviceFd, imageFd, messages }: RowsTask): Syscall[] {
  const CLOCK_REALTIME = 0;
  const word = (offset: number) => wordAt(at.message + offset);
  const end: Syscall = { name: "exit_group", arguments: [0] };
  const next: Syscall = {
    name: "read",
    arguments: [messages, at.message, MESSAGE.size],
    onZero: end,
  };
  const done: Syscall = {
    name: "clock_gettime",
    arguments: [CLOCK_REALTIME, word(MESSAGE.doneAddress)],
    onZero: next,
  };
  const store: Syscall = {
    name: "writev",
    arguments: [deviceFd, at.message + MESSAGE.headerAddress, 2],
    ignoreError: true,
  };
  return [
    next,
    {
      name: "pread64",
      arguments: [imageFd, at.buffer, word(MESSAGE.loadLength), word(MESSAGE.loadPosition)],
    },
    {
      name: "pread64",
      arguments: [imageFd, at.scratch + 32, 1, word(MESSAGE.lastPosition)],
      onZero: done,
    },
    store,
    done,
    end,
  ];
}

/** Prepares what the rows point at. */
function fillMemory(address: number): void {
  const bytes = memoryAt(address, 4096);
  const view = new DataView(bytes.buffer);
  const EIO = 5;
  const REPLY_SIZE = 16, BEFORE_NUMBER = 8, NUMBER_SIZE = 8;
  const words = (place: number, values: number[]) =>
    values.forEach((value, index) =>
      view.setBigUint64(place - BASE + index * 8, BigInt(value), true)
    );
  words(at.guardVector, [
    ...[at.guardRequest, BEFORE_NUMBER],
    ...[at.guardReply + BEFORE_NUMBER, NUMBER_SIZE],
    ...[at.guardRequest, REQUEST_ROOM],
  ]);
  view.setUint32(at.guardReply - BASE, REPLY_SIZE, true);
  view.setInt32(at.guardReply - BASE + 4, -EIO, true);
  words(at.guardReply + BEFORE_NUMBER, [1]);
  words(at.pause, [0, 1_000_000]);
}
