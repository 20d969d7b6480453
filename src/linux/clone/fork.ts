import { AT, close, O, openat } from "../file/files.ts";
import { CODE } from "./fork_code.ts";
import { machineFunction } from "../call/machine_code.ts";
import { tryRawSyscall } from "../call/raw_syscall.ts";
import { SyscallError } from "../call/syscall_error.ts";

const SIGCHLD = 17;

/** How often to look whether all threads rest, and how long to wait in between, in milliseconds. */
const LOOKS = 20;
const PAUSE = 0.2;

/**
 * Makes a child that goes on in the same program at the same place, in a copy of all memory
 * (fork(2)).
 *
 * V8 keeps its heap from being copied; that is undone here. The child has none of the threads that
 * help V8 and the runtime: its code is interpreted or compiled as it is at this moment, and it may
 * neither wait for promises nor start a worker, nor call Deno.exit() or Deno.Command. What a thread
 * is about when it is copied stays undone for ever, and the child would wait for it: so this waits
 * until all rest. V8's baseline compiler has to be kept from using threads (V8's flag
 * --no-concurrent-sparkplug, see scripts/v8_flags.ts): without it a third of all children crashed or
 * hung once their code had become hot, with it none of hundreds.
 *
 * @returns the child's PID, 0 in the child; null when the threads do not come to rest for once
 * @throws {SyscallError}
 */
export function fork(): number | null {
  const ranges = ordinaryMemory(Deno.readTextFileSync("/proc/self/maps"));
  const code = machineFunction(CODE[Deno.build.arch]);
  const threads = openThreads();
  try {
    for (let looks = 0; !threads.every(isResting); looks++) {
      if (looks === LOOKS) return null;
      sleep(PAUSE);
    }
    const result = Number(code.call(BigInt(SIGCHLD), ranges));
    if (result < 0) throw new SyscallError("clone", -result);
    return result;
  } finally {
    threads.forEach(close);
  }
}

/**
 * The address ranges of memory that can be copied, as fork_code.ts takes them, from maps
 * (proc_pid_maps(5)): all but what the kernel shows of itself.
 */
export function ordinaryMemory(maps: string): Uint8Array<ArrayBuffer> {
  const END = 0xffff_ffff_0000n; // The highest there are: 48 bits, but for the last page.
  const words: bigint[] = [];
  let begin = 0n;
  for (
    const [, from = "", to = ""] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) .*\[v[a-z_]+\]$/gm)
  ) {
    const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
    if (start > END) break;
    if (start > begin) words.push(begin, start - begin);
    begin = end;
  }
  return new Uint8Array(new BigUint64Array([...words, begin, END - begin, 0n, 0n]).buffer);
}

/** Opens what tells the state of each thread of this process but the one that is here. */
function openThreads(): number[] {
  const directory = "/proc/self/task";
  return [...Deno.readDirSync(directory)]
    .filter(({ name }) => name !== String(Deno.pid))
    .map(({ name }) => openat(AT.FDCWD, `${directory}/${name}/stat`, { flags: O.RDONLY }));
}

const stat = new Uint8Array(64);

/** Whether a thread sleeps, as it does between its tasks (proc_pid_stat(5)). */
function isResting(thread: number): boolean {
  const length = tryRawSyscall("pread64", [thread, stat, stat.length, 0]);
  if (length < 0) return true; // It has ended.
  // The name before it is in parentheses, and can have some in itself.
  return stat[stat.lastIndexOf(0x29, length - 1) + 2] === 0x53;
}

const nobody = new Int32Array(new SharedArrayBuffer(4));

function sleep(milliseconds: number): void {
  Atomics.wait(nobody, 0, 0, milliseconds);
}
