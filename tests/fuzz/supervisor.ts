import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAX_FINDINGS, type RunnerMessage, type RunnerTask } from "./runner.ts";

/** What to try: files, or mutants by their numbers. */
export interface Campaign {
  target: string;
  seed: string;
  from: number;
  to: number;
  files: readonly string[] | null;
  /** How long a runner may stay at one input, in milliseconds, before it is ended. */
  patience?: number;
}

/** An input that broke a promise. */
export interface Finding {
  target: string;
  /** The number of the mutant or file. */
  index: number;
  reason: string;
}

export interface CampaignResult {
  accepted: number;
  refused: number;
  findings: Finding[];
}

const PATIENCE = 15_000;
/** Megabytes of JavaScript objects, far above what any input may take. */
const MAX_HEAP = 768;

/** Runs a campaign in processes of its own, as an input may hang or crash one. */
export async function runCampaign(campaign: Campaign): Promise<CampaignResult> {
  const result: CampaignResult = { accepted: 0, refused: 0, findings: [] };
  let from = campaign.from;
  while (from < campaign.to && result.findings.length < MAX_FINDINGS) {
    const directory = scratchDirectory();
    try {
      from = await runOnce({ ...campaign, from }, { directory, result });
    } finally {
      // Images may have directories without permissions, or deeper than Deno can remove.
      for (const command of [["chmod", "-R", "u+rwX"], ["rm", "-rf"]]) {
        const [program = "", ...args] = [...command, directory];
        new Deno.Command(program, { args, stderr: "null" }).outputSync();
      }
    }
  }
  return result;
}

/** A new directory, in memory where there is such a file system. */
export function scratchDirectory(): string {
  const prefix = "enroot-fuzz-";
  try {
    return Deno.makeTempDirSync({ dir: "/dev/shm", prefix });
  } catch {
    return Deno.makeTempDirSync({ prefix });
  }
}

/** Runs until the end or until the runner ends at an input. @returns the number to go on with */
async function runOnce(
  campaign: Campaign,
  { directory, result }: { directory: string; result: CampaignResult },
): Promise<number> {
  const progress = join(directory, "progress");
  Deno.writeTextFileSync(progress, "");
  Deno.mkdirSync(join(directory, "work"));
  const { patience = PATIENCE, ...rest } = campaign;
  const task: RunnerTask = { ...rest, directory: join(directory, "work"), progress };
  const child = runnerCommand(task).spawn();
  const watch = watchProgress(progress, { patience, end: () => child.kill("SIGKILL") });
  const { stdout, stderr, code, signal } = await child.output();
  const hung = watch.stop();
  let done = false;
  for (const line of new TextDecoder().decode(stdout).split("\n").filter((each) => each !== "")) {
    const message: RunnerMessage = JSON.parse(line);
    if (message.kind === "finding") {
      const { index, reason } = message;
      result.findings.push({ target: campaign.target, index, reason });
    } else {
      done = true;
      result.accepted += message.accepted;
      result.refused += message.refused;
    }
  }
  if (done) return campaign.to;
  const text = Deno.readTextFileSync(progress);
  const lastWords = new TextDecoder().decode(stderr).trim().slice(-1000);
  if (text === "") throw new Error(`cannot fuzz ${campaign.target}: ${lastWords}`);
  const index = Number(text);
  const reason = hung ? "hangs" : `ends the process (${signal ?? code}): ${lastWords}`;
  result.findings.push({ target: campaign.target, index, reason });
  return index + 1;
}

function runnerCommand(task: RunnerTask): Deno.Command {
  const map = Deno.env.get("ENROOT_IMPORT_MAP") ??
    fileURLToPath(new URL("../../scripts/offline/import_map.json", import.meta.url));
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "-A",
      "--no-lock",
      `--v8-flags=--max-old-space-size=${MAX_HEAP}`,
      ...(map === "" ? [] : ["--import-map", map]),
      fileURLToPath(new URL("./runner.ts", import.meta.url)),
      JSON.stringify(task),
    ],
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Calls `end` when a runner stays at one input for too long. */
function watchProgress(
  path: string,
  { patience, end }: { patience: number; end: () => void },
): { stop(): boolean } {
  let last = "";
  let since = performance.now();
  let hung = false;
  const timer = setInterval(() => {
    const text = Deno.readTextFileSync(path);
    if (text !== last || text === "") {
      last = text;
      since = performance.now();
    } else if (!hung && performance.now() - since > patience) {
      hung = true;
      end();
    }
  }, 500);
  return {
    stop() {
      clearInterval(timer);
      return hung;
    },
  };
}
