import type { ByteString } from "../../bytes/mod.ts";
import { resultOf, type Syscall } from "../../linux/mod.ts";

/** What Slurm's pyxis plugin starts in a container whose namespaces and environment it wants. */
const COMMAND = ["sh", "-c", "kill -STOP $$ ; exit 0"];

export function isPyxisStop(words: readonly ByteString[]): boolean {
  return words.length === COMMAND.length && words.every((word, index) => word === COMMAND[index]);
}

/** Rows that do what that command does, where there is no `sh`. */
export function pyxisStopRows(): Syscall[] {
  const SIGSTOP = 19;
  const self: Syscall = { name: "getpid", arguments: [] };
  return [
    self,
    { name: "kill", arguments: [resultOf(self), SIGSTOP], failure: "Cannot stop" },
    { name: "exit_group", arguments: [0] },
  ];
}
