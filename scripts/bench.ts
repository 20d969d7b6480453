/**
 * Compares the program with the tools that do the same work, where they are installed.
 *
 *     deno task compile && ENROOT_TEST_BINARY=dist/enroot deno task bench
 *         [--size small|full] [--files N] [--real DIRECTORY] [--repeats N]
 *         [--suite start|images|import|reads]... [--only TEXT]
 *
 * Runs alternate, and medians count. Nothing fails for being slow: MISSED is for a reader to judge,
 * who knows what else the machine was doing. `full` takes half an hour and 30 GB of disk ($TMPDIR).
 */
import { parseArgs } from "node:util";
import { compare } from "../tests/bench/comparison.ts";
import { imageSuite } from "../tests/bench/images.ts";
import { importSuite } from "../tests/bench/import.ts";
import { readSuite } from "../tests/bench/reads.ts";
import { failureLine, HEADING, reportLine } from "../tests/bench/report.ts";
import { startSuite } from "../tests/bench/start.ts";
import { type Suite, Workbench } from "../tests/bench/workbench.ts";

const SUITES: Readonly<Record<string, Suite>> = {
  start: startSuite,
  images: imageSuite,
  import: importSuite,
  reads: readSuite,
};

interface Size {
  files: number;
  real: string | null;
  suites: string[];
}

const SIZES: Readonly<Record<string, Size>> = {
  small: { files: 5_000, real: null, suites: ["start", "images", "import"] },
  full: { files: 100_000, real: "/usr", suites: Object.keys(SUITES) },
};

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      size: { type: "string", default: "small" },
      files: { type: "string" },
      real: { type: "string" },
      repeats: { type: "string", default: "3" },
      suite: { type: "string", multiple: true },
      only: { type: "string", default: "" },
    },
  });
  const size = SIZES[values.size];
  if (size === undefined) {
    say(`sizes: ${Object.keys(SIZES).join(" ")}`);
    return 1;
  }
  if (Deno.env.get("ENROOT_TEST_BINARY") === undefined) {
    say("warning: ENROOT_TEST_BINARY is not set, so this measures the program as source");
  }
  using bench = new Workbench({
    files: Number(values.files ?? size.files),
    real: values.real ?? size.real,
    repeats: Number(values.repeats),
  });
  say(HEADING);
  const chosen = values.suite ?? size.suites;
  for (const [name, suite] of Object.entries(SUITES)) {
    if (chosen.includes(name)) await runSuite(suite, { bench, only: values.only });
  }
  return 0;
}

async function runSuite(
  suite: Suite,
  { bench, only }: { bench: Workbench; only: string },
): Promise<void> {
  for (const comparison of await suite(bench)) {
    if (!comparison.name.includes(only)) continue;
    try {
      say(reportLine(comparison, await compare(comparison, () => bench.settle())));
    } catch (error) {
      say(failureLine(comparison, error));
    }
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
