import { logInfo, logWarning } from "../diagnostics/mod.ts";
import { type OwnedFd, statusOf } from "../linux/mod.ts";
import { lockFile, type LockState } from "./lock.ts";

/** Milliseconds between two attempts to get a lock. */
const LOCK_INTERVAL = 100;

/** How long to wait for another process, in milliseconds. */
export interface Patience {
  /** Until the user is told. */
  silence: number;
  /** Until a download is given up that does not get on: not even to its digest. */
  standstill: number;
}

export const PATIENCE: Patience = { silence: 5000, standstill: 90_000 };

/** What is waited for, and how. */
export interface LockWait {
  /** What messages call the file. */
  path: string;
  /** Ends the waiting. */
  signal: AbortSignal;
  patience: Patience;
}

/**
 * Waits until a partial file is ours alone. The lock ends with the descriptor, and so with the process.
 *
 * @returns "none" where there are no locks, "another's" when a process keeps it that does not get on
 */
export async function waitForLock(
  { fd }: OwnedFd,
  { path, signal, patience }: LockWait,
): Promise<LockState> {
  const start = performance.now();
  let told = false;
  let progress = { state: "", since: start };
  for (;;) {
    const lock = lockFile(fd);
    if (lock === "none") tellOfMissingLocks(path);
    if (lock !== "another's") return lock;
    const now = performance.now();
    const { size, mtime } = statusOf(fd);
    const state = `${size} ${mtime}`;
    if (state !== progress.state) progress = { state, since: now };
    if (now - progress.since > patience.standstill) {
      logWarning(`Another process does not get on with ${path}, downloading it independently`);
      return lock;
    }
    if (!told && now - start > patience.silence) {
      logInfo(`Waiting for another process that downloads ${path}`);
      told = true;
    }
    // Waiting in the kernel could not be given up.
    await pause(LOCK_INTERVAL, signal);
  }
}

let toldOfMissingLocks = false;

function tellOfMissingLocks(path: string): void {
  if (toldOfMissingLocks) return;
  toldOfMissingLocks = true;
  logInfo(`Cannot lock ${path}: processes that need the same file download it independently`);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
