import { libc } from "../call/libc.ts";

const symbols = libc({
  malloc_trim: { parameters: ["usize"], result: "i32" },
  madvise: { parameters: ["u64", "u64", "i32"], result: "i32" },
});

const MADV_DONTNEED = 4;

/**
 * Gives memory back that was needed only for a time, to start above all: what malloc(3) keeps for
 * later, and the pages of the executable and its libraries. Those come back from the page cache as
 * they are touched. They are not this process's alone, but whoever counts memory by what is
 * resident, as Slurm does, counts them.
 *
 * Takes some milliseconds.
 */
export function releaseMemory(): void {
  symbols().malloc_trim(0n);
  for (const { start, end } of cleanFileMappings(Deno.readTextFileSync("/proc/self/smaps"))) {
    symbols().madvise(start, end - start, MADV_DONTNEED);
  }
}

/** An address range. */
interface Mapping {
  start: bigint;
  end: bigint;
}

/**
 * Picks from smaps (proc_pid_smaps(5)) the mappings of files that are not writable and have no page
 * changed in memory, which relocation does: only what the file says can be read again.
 */
export function cleanFileMappings(smaps: string): Mapping[] {
  const mappings: Mapping[] = [];
  let candidate: Mapping | null = null;
  for (const line of smaps.split("\n")) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ *(.*)$/.exec(line);
    if (header !== null) {
      const [, start, end, permissions, path] = header;
      const unchanging = permissions === "r--p" || permissions === "r-xp";
      candidate = unchanging && path?.startsWith("/")
        ? { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) }
        : null;
    } else if (candidate !== null && /^Anonymous: +0 kB$/.test(line)) {
      mappings.push(candidate);
    }
  }
  return mappings;
}
