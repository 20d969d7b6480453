/** What `deno test` prints, without colours, as values. */

/** How many tests of a file came out how. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What one run of `deno test` has told. */
export interface TestOutput {
  /** Undefined if it did not come to its end. */
  counts: Counts | undefined;
  /** Why tests were skipped, once for each. */
  skips: string[];
  /** What it says about failures; all that it printed if it says nothing about them. */
  failures: string;
  /** The test that was going on when the output ended. */
  unfinished: string | undefined;
}

const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed.* \| (\d+) failed.*$/gm;
const SKIPPED = /^ *(.*) \.\.\. ignored \(/gm;
const REASON = /\(skipped: (.*)\)$/;
/** What stands between the details and the names of the failures, which need not be told twice. */
const NAMES = "\n FAILURES \n";
const FAILURES = "\n ERRORS \n";

/** Reads the output of `deno test --reporter=pretty`. */
export function parseTestOutput(text: string): TestOutput {
  const summary = [...text.matchAll(SUMMARY)].at(-1);
  const skips = [...text.matchAll(SKIPPED)]
    .map(([, name = ""]) => REASON.exec(name)?.[1] ?? "it does not say why");
  const from = text.indexOf(FAILURES);
  const end = text.includes(NAMES) ? text.lastIndexOf(NAMES) : summary?.index;
  return {
    counts: summary === undefined ? undefined : {
      passed: Number(summary[1]),
      failed: Number(summary[2]),
      // Steps that were skipped are counted apart.
      skipped: skips.length,
    },
    skips,
    failures: (from === -1 ? text : text.slice(from + FAILURES.length, end)).trim(),
    unfinished: /(?:^|\n) *(.*) \.\.\.[^\n]*$/.exec(text.trimEnd())?.[1],
  };
}
