import { EnrootError } from "../../src/diagnostics/mod.ts";

/** An input to start from. */
export interface Seed {
  bytes: Uint8Array;
  /** The ranges where its structure is; all of it if absent. */
  focus?: readonly (readonly [start: number, end: number])[];
}

/** Something that reads what nobody vouches for. */
export interface FuzzTarget {
  readonly name: string;
  /** Its share of the mutants, compared with other targets. */
  readonly weight: number;
  /** Makes it ready; it may use an empty directory as it likes. */
  open(directory: string): Promise<OpenTarget> | OpenTarget;
}

export interface OpenTarget {
  readonly seeds: readonly Seed[];
  /** Words that mean something in the format. */
  readonly dictionary?: readonly string[];
  /** Makes checksums right again, without which nothing behind them would be tried. */
  repair?(bytes: Uint8Array): void;
  /** Reads an input and all there is in it. Throws if it refuses it, or if it breaks a promise. */
  run(input: Uint8Array): void | Promise<void>;
  /** Whether an error is one that the target may refuse an input with. */
  isRefusal(error: unknown): boolean;
}

/** Whether an error is an EnrootError that does not cover up a defect of ours. */
export function isEnrootRefusal(error: unknown): boolean {
  return error instanceof EnrootError && !isDefect(error.cause);
}

function isDefect(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Those of node:zlib have a code; the others come from a mistake in our arithmetic or types.
  const unexpected = (error instanceof RangeError || error instanceof TypeError ||
    error instanceof ReferenceError) && !("code" in error);
  return unexpected || error.name === "AssertionError" || isDefect(error.cause);
}
