/**
 * Runs mutants of one target in this process, which the supervisor watches and ends if it hangs.
 *
 *     deno run -A runner.ts TASK
 */
import { mutantOf, tryInput } from "./campaign.ts";
import { targetNamed } from "./targets.ts";

/** What a runner is to do, as JSON in its argument. */
export interface RunnerTask {
  target: string;
  /** The campaign's seed. */
  seed: string;
  /** Numbers of mutants: the first, and the one behind the last. */
  from: number;
  to: number;
  /** Files to try instead of mutants, numbered likewise. */
  files: readonly string[] | null;
  /** An empty directory for the target. */
  directory: string;
  /** Where the number of the mutant at hand is written, as digits. */
  progress: string;
}

/** What a runner tells, each as a line of JSON. */
export type RunnerMessage =
  | { kind: "finding"; index: number; reason: string }
  | { kind: "done"; accepted: number; refused: number };

/** After so many a campaign ends: something is broken in general. */
export const MAX_FINDINGS = 20;
/** Digits of a number in the progress file. */
const DIGITS = 10;

async function main([task = ""]: string[]): Promise<void> {
  const { target: name, seed, from, to, files, directory, progress }: RunnerTask = JSON.parse(task);
  const target = await targetNamed(name).open(directory);
  using file = Deno.openSync(progress, { write: true });
  const counts = { accepted: 0, refused: 0 };
  let findings = 0;
  for (let index = from; index < to && findings < MAX_FINDINGS; index++) {
    file.seekSync(0, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode(String(index).padStart(DIGITS)));
    const input = files === null
      ? mutantOf(target, seed, index)
      : Deno.readFileSync(files[index] ?? "");
    const outcome = await tryInput(target, input);
    if (outcome.kind === "finding") {
      findings++;
      tell({ kind: "finding", index, reason: outcome.reason });
    } else {
      counts[outcome.kind]++;
    }
  }
  tell({ kind: "done", ...counts });
}

function tell(message: RunnerMessage): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
}

if (import.meta.main) await main(Deno.args);
