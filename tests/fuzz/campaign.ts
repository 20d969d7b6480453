import { messageOf } from "../../src/diagnostics/mod.ts";
import { mutate } from "./mutation.ts";
import { Random } from "./random.ts";
import type { OpenTarget } from "./target.ts";

/** How long an input may take, in milliseconds; a second attempt decides, as machines get busy. */
const TIME_LIMIT = 2000;
/** By how much an input may raise the memory in use, in KiB. */
const MEMORY_LIMIT = 256 * 1024;

/** What became of an input. */
export type Outcome =
  | { kind: "accepted" | "refused" }
  /** It broke a promise. */
  | { kind: "finding"; reason: string };

/**
 * The mutant of a number: a pure function of the seeds, the campaign's seed and the number. The
 * first ones are the seeds themselves.
 */
export function mutantOf(target: OpenTarget, campaign: string, index: number): Uint8Array {
  const unchanged = target.seeds[index];
  if (unchanged !== undefined) return unchanged.bytes;
  const random = new Random(`${campaign} ${index}`);
  const { bytes, focus = [] } = random.pick(target.seeds);
  const donors = target.seeds.map((seed) => seed.bytes);
  const dictionary = target.dictionary ?? [];
  const mutant = mutate(bytes, { random, donors, dictionary, focus });
  if (!random.oneIn(8)) target.repair?.(mutant);
  return mutant;
}

/** Gives an input to a target and watches time and memory. */
export async function tryInput(target: OpenTarget, input: Uint8Array): Promise<Outcome> {
  const before = resetPeakMemory();
  const start = performance.now();
  const outcome = await runOnce(target, input);
  if (outcome.kind === "finding") return outcome;
  const elapsed = performance.now() - start;
  const growth = peakMemory() - before;
  if (growth > MEMORY_LIMIT) {
    return { kind: "finding", reason: `took ${Math.round(growth / 1024)} MiB of memory` };
  }
  if (elapsed <= TIME_LIMIT) return outcome;
  const again = performance.now();
  await runOnce(target, input);
  const second = performance.now() - again;
  if (second <= TIME_LIMIT) return outcome;
  return { kind: "finding", reason: `took ${Math.round(second)} ms` };
}

async function runOnce(target: OpenTarget, input: Uint8Array): Promise<Outcome> {
  try {
    // Synchronous targets are not made to wait for a promise.
    const running = target.run(input);
    if (running !== undefined) await running;
    return { kind: "accepted" };
  } catch (error) {
    if (target.isRefusal(error)) return { kind: "refused" };
    return { kind: "finding", reason: describe(error) };
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${describe(error.cause)})` : "";
  const place = error.stack?.match(/^ +at .*?([^/]+\.ts:[0-9]+)/m)?.[1] ?? "?";
  return `${error.name}: ${messageOf(error)} [${place}]${cause}`;
}

/** Forgets the peak of memory use (proc_pid_clear_refs(5)). @returns the peak from now on, in KiB */
function resetPeakMemory(): number {
  try {
    Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Kernels without it leave the old peak, above which the new one still shows.
  }
  return peakMemory();
}

/** The most memory in use since the last reset, in KiB. */
function peakMemory(): number {
  return Number(/^VmHWM:\s+([0-9]+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? 0);
}
