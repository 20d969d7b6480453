import { fileURLToPath } from "node:url";
import { containerTest } from "./container.ts";
import { programFiles, TEST_UID, type TestHome } from "./enroot.ts";
import { isInstalled, type Needs } from "./requires.ts";

const SCRIPT = fileURLToPath(new URL("terminal.py", import.meta.url));

/** What to do at the terminal, in order. An expectation is a regular expression (Python's). */
export type TerminalStep =
  | { expect: string }
  | { send: string }
  | { resize: [rows: number, columns: number] }
  | { wait: number };

export interface TerminalResult {
  /** All that was shown, without carriage returns. */
  transcript: string;
  /** The exit code; negative for a signal. */
  code: number;
  /** The expectation that never came true. */
  missing: string | null;
}

/** What {@link atTerminal} needs. */
export const TERMINAL_NEEDS: Needs = { programs: ["python3"], other: pythonObstacle() };

function pythonObstacle(): string | undefined {
  if (!isInstalled("python3")) return undefined;
  const script = "import fcntl, pty, termios; import os; os.waitstatus_to_exitcode";
  const { success } = new Deno.Command("python3", { args: ["-c", script], stderr: "null" })
    .outputSync();
  return success ? undefined : "python3 is older than 3.9";
}

/** Declares a test that starts containers at a terminal. */
export function terminalTest(name: string, fn: () => Promise<void>, needs: Needs = {}): void {
  containerTest(name, fn, { ...TERMINAL_NEEDS, ...needs });
}

/** Runs a command at a terminal of 24 lines and 80 columns, as the test user. */
export async function atTerminal(
  command: string[],
  { home, env, steps, asCaller }: {
    home: TestHome;
    env?: Record<string, string>;
    steps: TerminalStep[];
    /** As the user who runs the tests (root, mostly), with that user's terminal. */
    asCaller?: boolean;
  },
): Promise<TerminalResult> {
  const child = new Deno.Command("python3", {
    args: [SCRIPT],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({
    command,
    env: { ...home.env, ...programFiles().env, TERM: "dumb", PS1: "outer> ", ...env },
    cwd: home.path,
    uid: Deno.uid() === 0 && asCaller !== true ? TEST_UID : null,
    steps,
  })));
  await writer.close();
  const { stdout } = await child.output();
  const result: TerminalResult = JSON.parse(new TextDecoder().decode(stdout));
  return { ...result, transcript: result.transcript.replaceAll("\r", "") };
}

/** The words that start the program, as one would type them. */
export function programWords(): string {
  const { command, args } = programFiles();
  return [command, ...args].map((word) => `'${word}'`).join(" ");
}
