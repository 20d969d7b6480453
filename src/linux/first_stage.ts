import { byteString, losslessText } from "../bytes/mod.ts";
import { setCallerLimits } from "./table/caller_limits.ts";
import { close } from "./file/files.ts";
import { changeDirectoryTo } from "./kernel/process.ts";

/** What the first stage (scripts/first_stage) puts in the place of all arguments. */
const MARKER = /^enroot-first-stage:((?:[0-9a-f]{16}){4})$/;

const RLIMIT_DATA = 2, RLIMIT_STACK = 3, RLIMIT_AS = 9;
const UNCHANGED = 0xffff_ffff_ffff_ffffn;

/**
 * Undoes what the first stage of an executable did so that the runtime could start: the working
 * directory is again the one that was deleted, and what is executed gets the caller's limits.
 *
 * @returns the arguments as the caller gave them, as `losslessText()` writes bytes; those that the
 *   runtime found, where the first stage left no mark or there is none
 * @throws {SyscallError}
 */
export function callerArguments(args: readonly string[]): readonly string[] {
  const [, digits] = MARKER.exec(args[0] ?? "") ?? [];
  if (digits === undefined || !Deno.build.standalone) return args;
  const commandLine = byteString(Deno.readFileSync("/proc/self/cmdline"));
  const [, ...words] = commandLine.split("\0").slice(0, -1);
  if (words[0] === args[0]) return args; // The caller wrote it.
  undo((digits.match(/.{16}/g) ?? []).map((word) => BigInt(`0x${word}`)));
  return words.map(losslessText);
}

/** The words of the marker: three limits and a descriptor. */
function undo([addressSpace, data, stack, directory]: bigint[]): void {
  const limits = new Map<number, bigint>();
  const add = (resource: number, limit = UNCHANGED) => {
    if (limit !== UNCHANGED) limits.set(resource, limit);
  };
  add(RLIMIT_AS, addressSpace);
  add(RLIMIT_DATA, data);
  add(RLIMIT_STACK, stack);
  setCallerLimits(limits);
  if (directory === undefined || directory === UNCHANGED) return;
  changeDirectoryTo(Number(directory));
  close(Number(directory));
}
