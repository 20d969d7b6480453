import {
  type ChildState,
  close,
  isSyscallError,
  pollChild,
  raise,
  resetSignals,
  sendSignal,
} from "../../linux/mod.ts";
import { relayTerminal } from "./terminal_relay.ts";

const SIGINT = 2, SIGTERM = 15, SIGCONT = 18, SIGSTOP = 19;

/**
 * Stands for a process that has to be a child, as the first one of a PID namespace has: passes
 * SIGTERM and SIGINT on, stops and continues with it, and ends the way it ends.
 *
 * @param pidFd the descriptor of a file with the child's PID
 * @param master the descriptor of the master of the child's pseudo-terminal, which this process's
 *   terminal is to be connected with; null for none
 * @returns the child's exit code
 */
export async function runSupervisor(pidFd: number, master: number | null): Promise<number> {
  const bytes = Deno.readFileSync(`/proc/self/fd/${pidFd}`);
  close(pidFd);
  // The process that was to make the child has said why it did not.
  if (bytes.length === 0) return 1;
  const pid = new DataView(bytes.buffer).getInt32(0, true);
  const relay = master === null ? null : relayTerminal(master);
  Deno.addSignalListener("SIGTERM", () => forward(pid, SIGTERM));
  Deno.addSignalListener("SIGINT", () => {
    // The terminal tells every process of its foreground group; some take a second time for more.
    if (!areInForeground(pid)) forward(pid, SIGINT);
  });
  const end = await new Promise<ChildState>((resolve) => {
    const look = () => {
      for (let state = pollChild(pid); state !== null; state = pollChild(pid)) {
        if (state.kind !== "stopped") return resolve(state);
        // The caller that waits for this process sees it stop, and wakes both by waking it.
        relay?.pause();
        raise(SIGSTOP);
        relay?.resume();
        forward(pid, SIGCONT);
      }
    };
    Deno.addSignalListener("SIGCHLD", look);
    look();
  });
  await relay?.finish();
  return end.kind === "exited" ? end.code : dieOf(end.signal);
}

function forward(pid: number, signal: number): void {
  try {
    sendSignal(pid, signal);
  } catch (error) {
    if (!isSyscallError(error, "ESRCH")) throw error; // It is gone already.
  }
}

/** Whether both, child and supervisor, are in the process group that the terminal's keys go to. */
function areInForeground(pid: number): boolean {
  const own = processGroups(Deno.pid);
  return own !== null && own.group === own.foreground && processGroups(pid)?.group === own.group;
}

/** From `/proc/PID/stat` (proc(5)); null when there is no such process any more. */
function processGroups(pid: number): { group: number; foreground: number } | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // State, parent, group, session, terminal, its foreground group follow the name in parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    return { group: fields[2] ?? 0, foreground: fields[5] ?? 0 };
  } catch {
    return null;
  }
}

/** Ends by the signal that ended the child, as a shell would see it. */
function dieOf(signal: number): number {
  resetSignals();
  raise(signal);
  return 128 + signal;
}
