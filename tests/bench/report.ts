import type { Comparison, Result } from "./comparison.ts";

/** The first line of the table. */
export const HEADING = line(
  ["case", "against", "ours", "theirs", "ratio", "goal", "", "processor time", "peak memory"],
);

/** The line of a comparison. */
export function reportLine(comparison: Comparison, { ours, theirs }: Result): string {
  const { name, against, goal, memoryGoal = Infinity, unit = "seconds" } = comparison;
  const ratio = ours.amount / theirs.amount;
  const verdicts: string[] = [];
  if (goal !== null) verdicts.push(ratio <= goal ? "ok" : "MISSED");
  if (ours.peakMemory > memoryGoal) verdicts.push("MEMORY");
  const show = unit === "bytes" ? megabytes : seconds;
  return line([
    name,
    against,
    show(ours.amount),
    show(theirs.amount),
    ratio.toFixed(2),
    goal === null ? "" : `≤ ${goal.toFixed(2)}`,
    verdicts.join(" "),
    ...unit === "bytes" ? [] : [
      `${seconds(ours.processorTime)} / ${seconds(theirs.processorTime)}`,
      `${megabytes(ours.peakMemory)} / ${megabytes(theirs.peakMemory)}`,
    ],
  ]);
}

/** The line of a comparison that could not be made. */
export function failureLine({ name, against }: Comparison, error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error).trim().split("\n");
  return `${line([name, against]).trimEnd()} failed: ${lines.at(-1)}`;
}

function line(fields: readonly string[]): string {
  const [name = "", against = "", ...rest] = fields;
  const widths = [10, 10, 6, 7, 8, 20, 18];
  const columns = rest.map((field, index) => field.padStart(widths[index] ?? 0));
  return [name.padEnd(44), against.padEnd(18), ...columns].join(" ");
}

function seconds(value: number): string {
  return value < 1 ? `${(value * 1000).toFixed(1)} ms` : `${value.toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
