import { type Measurement, median } from "./measurement.ts";

/** The same work by this program and by something to measure it against. */
export interface Comparison {
  name: string;
  /** What it is measured against, in a word or two. */
  against: string;
  ours: Contestant;
  theirs: Contestant;
  /** The largest ratio of ours to theirs that we want; null where there is no goal. */
  goal: number | null;
  /** The most memory that ours should take, in bytes. */
  memoryGoal?: number;
  /** What is compared; seconds if absent. */
  unit?: "seconds" | "bytes";
  /** How often each of them runs. */
  repeats: number;
}

export interface Contestant {
  /** The work that is measured. */
  run(): Promise<Measurement>;
  /** Puts everything back, so that it can run again. */
  reset?(): void;
}

/** The medians of a comparison. */
export interface Result {
  ours: Measurement;
  theirs: Measurement;
}

/**
 * Compares, in turns: what else the machine does then hits both alike.
 *
 * @param settle is called before each run, for the disks to come to rest
 */
export async function compare(
  { ours, theirs, repeats }: Comparison,
  settle: () => void,
): Promise<Result> {
  const measured = { ours: new Array<Measurement>(), theirs: new Array<Measurement>() };
  for (let round = 0; round < repeats; round++) {
    measured.ours.push(await runOnce(ours, settle));
    measured.theirs.push(await runOnce(theirs, settle));
  }
  return { ours: middle(measured.ours), theirs: middle(measured.theirs) };
}

async function runOnce(contestant: Contestant, settle: () => void): Promise<Measurement> {
  settle();
  try {
    return await contestant.run();
  } finally {
    contestant.reset?.();
  }
}

function middle(measured: readonly Measurement[]): Measurement {
  const of = (field: keyof Measurement) => median(measured.map((each) => each[field]));
  return {
    amount: of("amount"),
    processorTime: of("processorTime"),
    peakMemory: of("peakMemory"),
  };
}
