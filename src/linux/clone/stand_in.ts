import { bytesOf, type ByteString } from "../../bytes/mod.ts";
import { cloneAndGoOn, keepInPlace } from "./clone_and_go_on.ts";
import { executeDescriptor, inExecutablePlace, PointerList, syscallBytes } from "../table/exec.ts";
import { cString } from "../call/libc.ts";
import { exitProcess, processId } from "../kernel/process.ts";
import { rawSyscall, wordOf } from "../call/raw_syscall.ts";
import type { ReportStyle, Syscall } from "../table/syscall_image.ts";

const CLONE_FILES = 0x400;
const CLONE_VFORK = 0x4000;

/** The child that runs this program in its parent's place, after {@link cloneStandIn}. */
export interface StandIn {
  /**
   * Ends this process; the one that it stands in for replaces itself by one that runs a table of
   * system calls, as {@link execSyscallTable} does. Descriptors that are not close-on-exec go along.
   *
   * @throws {EnrootError} where the kernel lets no program of ours be executed
   */
  handOver(table: Syscall[], report: ReportStyle, options: { environment: ByteString[] }): never;
  /** Ends both processes. */
  exit(code: number): never;
}

/**
 * Goes on in a child with new namespaces, while this process waits.
 *
 * A process with threads cannot enter a user namespace, but it can have a child that is born in one.
 * This child shares memory and descriptors with its parent, whose thread sleeps until the child has
 * ended (clone(2), CLONE_VM and CLONE_VFORK): it goes on in the same program at the same place, with
 * the same threads to serve it. When it returns from this function it is the child that does.
 *
 * Only what belongs to a process is the child's own: PID, credentials, namespaces, working directory
 * and root, umask, signal dispositions. `Deno.pid` still is the parent's, and Deno.exit() must not
 * be called, nor may the child wait for promises. It dies with its parent.
 *
 * @param flags the namespaces, as CLONE has them
 * @throws {SyscallError}
 */
export function cloneStandIn(flags: number): StandIn {
  const handover = new BigInt64Array([-1n, 0n, 0n, 0n, 1n, 0n, 0n]);
  const parent = processId();
  cloneAndGoOn(flags | CLONE_FILES | CLONE_VFORK, handover);
  dieWith(parent);

  const exit = (code: number): never => {
    // Nothing to execute, and nothing to say of that.
    handover[0] = -1n;
    handover[6] = 0n;
    handover[4] = BigInt(code);
    return exitProcess(0);
  };
  return {
    exit,
    handOver(table, report, { environment }) {
      // The child is to be waited for, or it would stay as a zombie.
      const pid = processId();
      const wait: Syscall = { name: "wait4", arguments: [pid, 0, 0, 0], ignoreError: true };
      const program = syscallBytes([wait, ...table], report);
      const trial = syscallBytes([{ name: "exit_group", arguments: [0] }], null);
      const argv = new PointerList(["enroot"]);
      const variables = new PointerList(environment);
      const path = cString("");
      const message = bytesOf(
        `${report.prefix}Cannot execute a program of enroot's own, which could be executed before\n`,
      );
      keepInPlace(path, argv, variables, message);
      handover.set([wordOf(message), BigInt(message.length)], 5);
      return inExecutablePlace((place) => {
        handover.set([
          BigInt(place(program)),
          wordOf(path),
          wordOf(argv.array),
          wordOf(variables.array),
        ]);
        // The parent cannot try again, nor say why it fails. This process ends by executing the like:
        // if it goes on, the kernel refuses.
        handover[4] = 1n;
        executeDescriptor(place(trial), { argv, variables });
      });
    },
  };
}

/** Has the kernel kill this process when its parent dies (prctl(2), PR_SET_PDEATHSIG). */
function dieWith(parent: number): void {
  const PR_SET_PDEATHSIG = 1, SIGKILL = 9;
  rawSyscall("prctl", [PR_SET_PDEATHSIG, SIGKILL]);
  if (rawSyscall("getppid", []) !== parent) exitProcess(1);
}
