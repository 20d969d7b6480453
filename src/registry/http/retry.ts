import { logWarning } from "../../diagnostics/mod.ts";
import { TransferError } from "./transfer_error.ts";

/** Seconds before the second attempt; each further wait is three times as long. */
const FIRST_DELAY = 0.5;
const LONGEST_DELAY = 60;
/** A server that asks for more patience than this many seconds is given up instead. */
const MOST_PATIENCE = 300;

/** How persistent to be. */
export interface RetryPolicy {
  /** How many failures in a row to forgive. */
  retries: number;
  /** Ends the waiting. */
  signal: AbortSignal;
  /** A number that grows as the work gets on; failures with progress between them do not add up. */
  progress?: () => number;
}

/**
 * Attempts something until it works or fails for good, with growing and randomly varied waits, or
 * those the server asks for.
 *
 * @throws {TransferError} the last attempt's
 */
export async function withRetries<T>(policy: RetryPolicy, attempt: () => Promise<T>): Promise<T> {
  let failures = 0;
  let progress = policy.progress?.() ?? 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransferError) || error.failure === "final") throw error;
      const reached = policy.progress?.() ?? 0;
      if (reached > progress) failures = 0;
      progress = reached;
      failures++;
      const wait = error.retryAfter ?? 0;
      if (failures > policy.retries || wait > MOST_PATIENCE) throw error;
      const delay = Math.max(wait, backOff(failures));
      logWarning(`${error.message}; trying again in ${delay.toFixed(1)} s`);
      await sleep(delay, policy.signal);
    }
  }
}

/** Seconds to wait after so many failures in a row: half as much to one and a half times. */
function backOff(failures: number): number {
  return Math.min(FIRST_DELAY * 3 ** (failures - 1), LONGEST_DELAY) * (0.5 + Math.random());
}

function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, seconds * 1000);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Reads a Retry-After header (RFC 9110 section 10.2.3): seconds, or a date.
 *
 * @returns seconds from now, not negative; undefined when there is none that makes sense
 */
export function parseRetryAfter(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
