import { rawSyscall } from "../call/raw_syscall.ts";
import { memory, type Syscall } from "./syscall_image.ts";

/** Rows that give back the soft limits which were raised for this process, and only for this one. */
let rows: readonly Syscall[] = [];

/** Has what this process executes get other soft limits than its own (getrlimit(2)). */
export function setCallerLimits(soft: ReadonlyMap<number, bigint>): void {
  rows = [...soft].map(([resource, limit]) => {
    const limits = new BigUint64Array(2);
    rawSyscall("prlimit64", [0, resource, null, new Uint8Array(limits.buffer)]);
    limits[0] = limit;
    return {
      name: "prlimit64",
      arguments: [0, resource, memory(new Uint8Array(limits.buffer)), 0],
      ignoreError: true,
    };
  });
}

/** See {@link setCallerLimits}; most callers' limits are as they were. */
export function callerLimitRows(): readonly Syscall[] {
  return rows;
}
