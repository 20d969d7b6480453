import { check, libc } from "../call/libc.ts";

const symbols = libc({
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  getpid: { parameters: [], result: "i32" },
});

/** What became of a child (wait(2)). */
export type ChildState =
  | { kind: "exited"; code: number }
  | { kind: "killed"; signal: number }
  | { kind: "stopped"; signal: number };

/** The news of a child, or null when there is none (waitpid(2), WNOHANG). @throws {SyscallError} */
export function pollChild(pid: number): ChildState | null {
  const WNOHANG = 1, WUNTRACED = 2;
  const word = new Int32Array(1);
  if (check(symbols().waitpid(pid, word, WNOHANG | WUNTRACED), "waitpid") === 0) return null;
  const status = word[0] ?? 0;
  const low = status & 0x7f;
  if (low === 0) return { kind: "exited", code: (status >> 8) & 0xff };
  if (low === 0x7f) return { kind: "stopped", signal: (status >> 8) & 0xff };
  return { kind: "killed", signal: low };
}

/** Waits for a child to end (waitpid(2)). @returns its exit code; 128 and the signal that killed it */
export function waitForChild(pid: number): number {
  const word = new Int32Array(1);
  if (symbols().waitpid(pid, word, 0) !== pid) return 0; // It has been waited for already.
  const status = word[0] ?? 0;
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
}

/** kill(2). @throws {SyscallError} */
export function sendSignal(pid: number, signal: number): void {
  check(symbols().kill(pid, signal), "kill");
}

/** Sends a signal to this very process. @throws {SyscallError} */
export function raise(signal: number): void {
  sendSignal(symbols().getpid(), signal);
}
