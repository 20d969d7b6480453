/** What one run took. */
export interface Measurement {
  /** Seconds, or bytes where sizes are compared. */
  amount: number;
  /** Seconds that all its processes had a processor, which other work on the machine does not lengthen. */
  processorTime: number;
  /** The most memory that a process of it had in use, in bytes. */
  peakMemory: number;
}

/** How often memory is looked at, in milliseconds. The kernel keeps the peak, so seldom will do. */
const INTERVAL = 20;
/** USER_HZ, which is the same on all architectures of interest. */
const CLOCK_TICKS = 100;

/**
 * Runs commands one after the other, which must succeed, and takes the time.
 *
 * @throws {Error} with what a command wrote to standard error
 */
export async function measure(...commands: Deno.Command[]): Promise<Measurement> {
  let amount = 0;
  let peakMemory = 0;
  const before = childrenTime();
  for (const command of commands) {
    const start = performance.now();
    const child = command.spawn();
    const timer = setInterval(() => {
      peakMemory = Math.max(peakMemory, peakMemoryOf(child.pid));
    }, INTERVAL);
    const { success, stderr } = await child.output();
    clearInterval(timer);
    amount += (performance.now() - start) / 1000;
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  }
  return { amount, processorTime: childrenTime() - before, peakMemory };
}

/** Processor seconds of this process's children that have ended (proc_pid_stat(5)). */
function childrenTime(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[13]) + Number(fields[14])) / CLOCK_TICKS;
}

/** The VmHWM of proc_pid_status(5), in bytes; 0 for a process that is gone. */
function peakMemoryOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/^VmHWM:\s+([0-9]+)/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The middle one of some numbers, or the mean of the middle two. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((first, second) => first - second);
  const middle = sorted.length / 2;
  const [low = NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}
