import type { ByteString } from "../bytes/mod.ts";
import { PointerList, syscallProgram } from "./exec.ts";
import { cString, libc } from "./libc.ts";
import { rawSyscall } from "./raw_syscall.ts";
import { CODE } from "./stand_in_code.ts";
import { SyscallError } from "./syscall_error.ts";
import type { ReportStyle, Syscall } from "./syscall_image.ts";

const CLONE_VM = 0x100;
const CLONE_FILES = 0x400;
const CLONE_VFORK = 0x4000;
const SIGCHLD = 17;

/** The child that runs this program in its parent's place, after {@link cloneStandIn}. */
export interface StandIn {
  /**
   * Ends this process; the one that it stands in for replaces itself by one that runs a table of
   * system calls, as {@link execSyscallTable} does. Descriptors that are not close-on-exec go along.
   *
   * @throws {SyscallError} where the kernel lets nothing of ours be executed
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
  const handover = new BigInt64Array([-1n, 0n, 0n, 0n, 1n]);
  const all = flags | CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD;
  const parent = rawSyscall("getpid", []);
  const result = Number(standInFunction().call(BigInt(all), new Uint8Array(handover.buffer)));
  if (result < 0) throw new SyscallError("clone", -result);
  dieWith(parent);

  const exit = (code: number): never => {
    handover[4] = BigInt(code);
    rawSyscall("exit_group", [0]);
    throw new Error("exit_group returned");
  };
  return {
    exit,
    handOver(table, report, { environment }) {
      // The child is to be waited for, or it would stay as a zombie.
      const pid = rawSyscall("getpid", []);
      const wait: Syscall = { name: "wait4", arguments: [pid, 0, 0, 0], ignoreError: true };
      const fd = syscallProgram([wait, ...table], report);
      const argv = new PointerList(["enroot"]);
      const variables = new PointerList(environment);
      const path = cString("");
      handover.set([
        BigInt(fd),
        addressOf(path),
        addressOf(argv.array),
        addressOf(variables.array),
      ]);
      return exit(1);
    },
  };
}

/** Has the kernel kill this process when its parent dies (prctl(2), PR_SET_PDEATHSIG). */
function dieWith(parent: number): void {
  const PR_SET_PDEATHSIG = 1, SIGKILL = 9;
  rawSyscall("prctl", [PR_SET_PDEATHSIG, SIGKILL]);
  if (rawSyscall("getppid", []) !== parent) rawSyscall("exit_group", [1]);
}

const SIGNATURE = { parameters: ["i64", "buffer"], result: "i64" } as const;

const symbols = libc({
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
});

/** Puts the machine code where it can be executed. */
function standInFunction() {
  const PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20;
  const code = Uint8Array.fromHex(CODE[Deno.build.arch]);
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const place = symbols().mmap(0n, BigInt(code.length), PROT_READ | PROT_WRITE, flags, -1, 0n);
  const address = Deno.UnsafePointer.value(place);
  if (place === null || address === MAP_FAILED) throw new SyscallError("mmap", ENOMEM);
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(place, code.length)).set(code);
  rawSyscall("mprotect", [address, code.length, PROT_READ | PROT_EXEC]);
  return new Deno.UnsafeFnPointer(
    place as Deno.PointerObject<typeof SIGNATURE>,
    SIGNATURE,
  );
}

const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const ENOMEM = 12;

function addressOf(buffer: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)));
}
