import { rawSyscall } from "../call/raw_syscall.ts";

const RLIMIT_NOFILE = 7;

interface Limits {
  soft: bigint;
  hard: bigint;
}

/** How many descriptors this process may have open (getrlimit(2), RLIMIT_NOFILE). */
export function descriptorLimit(): number {
  return Number(limits().soft);
}

/**
 * Takes all the descriptors that the hard limit allows. Programs executed later inherit that: so it is
 * nothing for a process that becomes a container's.
 */
export function raiseDescriptorLimit(): void {
  const { soft, hard } = limits();
  if (soft === hard) return;
  rawSyscall("prlimit64", [0, RLIMIT_NOFILE, bytesOf(BigUint64Array.of(hard, hard)), null]);
}

function limits(): Limits {
  const words = new BigUint64Array(2);
  rawSyscall("prlimit64", [0, RLIMIT_NOFILE, null, bytesOf(words)]);
  const [soft = 0n, hard = 0n] = words;
  return { soft, hard };
}

function bytesOf(words: BigUint64Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(words.buffer);
}
