/**
 * Runs the tests: each file in a process of its own, several at a time, a line for each.
 *
 *     deno task test [OPTION of `deno test`...] [FILE or DIRECTORY...]
 *
 * An option's value is joined to it: `--filter=TEXT`. DENO_JOBS says how many run at a time.
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stageProgram } from "../tests/support/enroot.ts";
import { missingHere } from "../tests/support/requires.ts";
import { type FileResult, removeAll, runTestFile } from "./test_run/file_run.ts";
import { findTestFiles } from "./test_run/test_files.ts";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
/** What the check of types is called among the files. */
const TYPES = "types of all these files";
/** What all files take on two processors, as measured. */
const ALL_FILES_MINUTES = 5;
/** Seconds for one file; the longest, which installs a Debian system, takes two minutes. */
const FILE_LIMIT = 600;

async function main(args: string[]): Promise<number> {
  const options = args.filter((arg) => arg.startsWith("-"));
  const paths = args.filter((arg) => !arg.startsWith("-"));
  const files = findTestFiles(paths.length === 0 ? [REPOSITORY] : paths)
    .map((file) => ({ ...file, path: relative(Deno.cwd(), file.path) }));
  const jobs = Number(Deno.env.get("DENO_JOBS") ?? Math.min(4, navigator.hardwareConcurrency));
  sayWhatComes(files.length, { jobs, isAll: paths.length === 0 });

  const map = Deno.env.get("ENROOT_IMPORT_MAP") ?? "";
  const denoArgs = map === "" ? [] : ["--import-map", map];
  const directory = Deno.makeTempDirSync({ prefix: "enroot-tests-" });
  Deno.chmodSync(directory, 0o755);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupt);
  const started = performance.now();
  const results: FileResult[] = [];
  try {
    const env = stage(directory);
    const run = async (path: string) => {
      if (stop.signal.aborted) return;
      const result = await runTestFile(path, {
        args: [...denoArgs, ...options],
        env,
        directory,
        limit: FILE_LIMIT,
        signal: stop.signal,
      });
      results.push(result);
      sayHow(result);
    };
    const together = files.filter(({ alone }) => alone === undefined);
    const queue = [
      async () => void results.push(await checkTypes(files.map(({ path }) => path), denoArgs)),
      ...together.map(({ path }) => () => run(path)),
    ];
    await Promise.all(Array.from({ length: Math.max(1, jobs) }, async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await job();
    }));
    for (const { path, alone } of files) if (alone !== undefined) await run(path);
  } finally {
    removeAll(directory);
  }
  return sum(results, { seconds: (performance.now() - started) / 1000, signal: stop.signal });
}

function sayWhatComes(files: number, { jobs, isAll }: { jobs: number; isAll: boolean }): void {
  const time = isAll ? `, about ${ALL_FILES_MINUTES} minutes on two processors` : "";
  say(`${files} files of tests, ${jobs} at a time${time}`);
  const missing = missingHere();
  if (missing.length === 0) return;
  say("tests will be skipped that need what is not here:");
  for (const line of missing) say(`  ${line}`);
}

/** Puts the program under test where all users can reach it, once. @returns what tells so */
function stage(directory: string): Record<string, string> {
  // Others run it from where it is.
  if (Deno.uid() !== 0) return {};
  const stage = join(directory, "stage");
  Deno.mkdirSync(stage);
  stageProgram(stage);
  return { ENROOT_TEST_STAGE: stage };
}

/** Checks the types of all files at once: one check for each would take minutes. */
async function checkTypes(paths: string[], denoArgs: string[]): Promise<FileResult> {
  const started = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", ...denoArgs, ...paths],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  const result: FileResult = {
    path: TYPES,
    counts: { passed: 0, failed: success ? 0 : 1, skipped: 0 },
    skips: [],
    failures: success ? "" : new TextDecoder().decode(stderr).trim(),
    seconds: (performance.now() - started) / 1000,
  };
  sayHow(result);
  return result;
}

function sayHow({ path, counts, skips, failures, seconds }: FileResult): void {
  const skipped = skips.length === 0
    ? ""
    : `, ${skips.length} skipped: ${[...new Set(skips)].join("; ")}`;
  const failed = counts.failed === 0 ? "" : `, ${counts.failed} failed`;
  const time = `(${seconds.toFixed(1)} s)`;
  const tests = `${counts.passed} passed${failed}${skipped}`;
  const how = path === TYPES ? "" : `: ${tests}`;
  say(`${failures === "" ? "ok    " : "FAILED"} ${path}${how} ${time}`);
  if (failures !== "") say(`${failures.replaceAll(/^/gm, "    ")}\n`);
}

/** Says what came of all. @returns the exit code */
function sum(
  results: readonly FileResult[],
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): number {
  const total = (name: "passed" | "failed" | "skipped") =>
    results.reduce((sum, { counts }) => sum + counts[name], 0);
  const reasons = Map.groupBy(results.flatMap(({ skips }) => skips), (reason) => reason);
  if (reasons.size > 0) say("\nskipped:");
  for (const [reason, { length }] of [...reasons].sort(([, a], [, b]) => b.length - a.length)) {
    say(`  ${length} because of: ${reason}`);
  }
  const failures = results.filter(({ failures }) => failures !== "");
  if (failures.length > 0) say(`\nfailed:\n  ${failures.map(({ path }) => path).join("\n  ")}`);
  if (signal.aborted) say("\ninterrupted");
  const isOk = failures.length === 0 && !signal.aborted;
  const counts = `${total("passed")} passed | ${total("failed")} failed | ${
    total("skipped")
  } ignored`;
  say(`\n${isOk ? "ok" : "FAILED"} | ${counts} (${Math.round(seconds)} s)`);
  return isOk ? 0 : 1;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
