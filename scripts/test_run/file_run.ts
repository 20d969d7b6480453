/** Runs one file of tests: in a process of its own, with a temporary directory and a time limit. */
import { join } from "node:path";
import { type Counts, parseTestOutput } from "./test_output.ts";

/** How a file's tests came out. */
export interface FileResult {
  path: string;
  counts: Counts;
  skips: string[];
  /** What went wrong; empty if nothing did. */
  failures: string;
  seconds: number;
}

/** How to run it. */
export interface FileRunOptions {
  /** What `deno test` is told besides the file. */
  args: readonly string[];
  /** What it finds in its environment besides what is in ours. */
  env: Readonly<Record<string, string>>;
  /** A directory for the file's own temporary directory. */
  directory: string;
  /** Seconds after which the file's processes are killed. */
  limit: number;
  /** Ends the run at once. */
  signal: AbortSignal;
}

/** Runs the tests of a file to their end, and removes what they leave. */
export async function runTestFile(
  path: string,
  { args, env, directory, limit, signal }: FileRunOptions,
): Promise<FileResult> {
  const temporary = join(directory, path.replaceAll("/", "-").replace(/_test\.ts$/, ""));
  Deno.mkdirSync(temporary);
  // As /tmp is: tests act as several users.
  Deno.chmodSync(temporary, 0o1777);
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--reporter=pretty", ...args, path],
    env: { ...env, NO_COLOR: "1", TMPDIR: temporary },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // A group of its own, which can be killed as a whole.
    detached: true,
  }).spawn();
  let isLate = false;
  const kill = () => killGroup(child.pid);
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, limit * 1000);
  signal.addEventListener("abort", kill);
  const output = new Interleaved();
  const [{ success }] = await Promise.all([
    child.status.finally(() => clearTimeout(timer)),
    output.read(child.stdout),
    output.read(child.stderr),
  ]);
  signal.removeEventListener("abort", kill);
  const left = success ? [...Deno.readDirSync(temporary)].map(({ name }) => name) : [];
  removeAll(temporary);

  const { counts, skips, failures, unfinished } = parseTestOutput(output.text);
  const faults: string[] = [];
  if (isLate) {
    const where = unfinished === undefined ? "" : ` in "${unfinished}"`;
    faults.push(`killed after ${limit} seconds${where}; it had printed:`);
  }
  if (!success) faults.push(failures);
  if (left.length > 0) faults.push(`it leaves temporary files: ${left.join(", ")}`);
  const known = counts ?? { passed: 0, failed: 0, skipped: skips.length };
  return {
    path,
    counts: faults.length > 0 && known.failed === 0 ? { ...known, failed: 1 } : known,
    skips,
    failures: faults.join("\n"),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Two streams of text in the order in which they come. */
class Interleaved {
  text = "";

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.text += decoder.decode(chunk, { stream: true });
  }
}

function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Removes a directory in which there may be mounts, and directories that let nobody in. */
export function removeAll(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
    return;
  } catch {
    // What is in the way is taken away below.
  }
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n")
    .map((line) => line.split(" ")[4] ?? "").filter((target) => target.startsWith(`${path}/`));
  for (const mount of mounts.reverse()) attempt("umount", ["--lazy", mount]);
  attempt("chmod", ["-R", "u+rwX", path]);
  attempt("rm", ["-rf", "--one-file-system", path]);
}

function attempt(command: string, args: string[]): void {
  try {
    new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync();
  } catch {
    // Not every machine has the program.
  }
}
