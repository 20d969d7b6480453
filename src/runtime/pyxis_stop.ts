import type { ByteString } from "../bytes/mod.ts";
import { execSyscallTable, resultOf, type Syscall } from "../linux/mod.ts";
import { reportStyle } from "./report_style.ts";

/** What Slurm's pyxis plugin starts in a container whose namespaces and environment it wants. */
const COMMAND = ["sh", "-c", "kill -STOP $$ ; exit 0"];

export function isPyxisStop(words: readonly ByteString[]): boolean {
  return words.length === COMMAND.length && words.every((word, index) => word === COMMAND[index]);
}

/** Does what that command does, in this process's place, where there is no `sh`. */
export function stopForPyxis(environment: ByteString[]): never {
  const SIGSTOP = 19;
  const self: Syscall = { name: "getpid", arguments: [] };
  execSyscallTable(
    [
      self,
      { name: "kill", arguments: [resultOf(self), SIGSTOP], failure: "Cannot stop" },
      { name: "exit_group", arguments: [0] },
    ],
    reportStyle(),
    { environment },
  );
}
