import { machineFunction } from "../call/machine_code.ts";
import { CODE } from "./stand_in_code.ts";
import { SyscallError } from "../call/syscall_error.ts";

const CLONE_VM = 0x100;
const SIGCHLD = 17;

/**
 * Goes on in a child that shares this process's memory, while the process itself does what
 * stand_in_code.ts says of the handover.
 *
 * @param flags more flags of clone(2)
 * @throws {SyscallError}
 */
export function cloneAndGoOn(flags: number, handover: BigInt64Array<ArrayBuffer>): void {
  const code = machineFunction(CODE[Deno.build.arch]);
  const result = Number(
    code.call(BigInt(flags | CLONE_VM | SIGCHLD), new Uint8Array(handover.buffer)),
  );
  if (result < 0) throw new SyscallError("clone", -result);
}

const inUse: unknown[] = [];

/** For what a handover points at: nothing may move it or take it away while this program goes on. */
export function keepInPlace(...memory: unknown[]): void {
  inUse.push(...memory);
}
