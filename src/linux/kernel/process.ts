import { type ByteString } from "../../bytes/mod.ts";
import { cString } from "../call/libc.ts";
import { rawSyscall } from "../call/raw_syscall.ts";
import { memory, type Syscall } from "../table/syscall_image.ts";

const PR_SET_NO_NEW_PRIVS = 38;

/** Flags of clone(2), unshare(2) and setns(2): namespaces, and what threads share of paths. */
export const CLONE = {
  FS: 0x200,
  NEWNS: 0x20000,
  NEWCGROUP: 0x2000000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWUSER: 0x10000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
} as const;

/** chdir(2). @throws {SyscallError} */
export function changeDirectory(path: ByteString): void {
  rawSyscall("chdir", [cString(path)], path);
}

/** chroot(2). @throws {SyscallError} */
export function changeRoot(path: ByteString): void {
  rawSyscall("chroot", [cString(path)], path);
}

/** fchdir(2). @throws {SyscallError} */
export function changeDirectoryTo(fd: number): void {
  rawSyscall("fchdir", [fd]);
}

/** unshare(2) of what a process with several threads may leave. @throws {SyscallError} */
export function unshare(flags: number): void {
  rawSyscall("unshare", [flags]);
}

/** getpid(2). Deno.pid is that of the process which started, also in its forks and stand-ins. */
export function processId(): number {
  return rawSyscall("getpid", []);
}

/** The groups of this process besides its own one (getgroups(2)). */
export function supplementaryGroups(): number[] {
  const count = rawSyscall("getgroups", [0, null]);
  const groups = new Uint32Array(count);
  return [...groups.subarray(0, rawSyscall("getgroups", [count, new Uint8Array(groups.buffer)]))];
}

/** exit_group(2): ends the process at once, as forks and stand-ins have to. */
export function exitProcess(code: number): never {
  rawSyscall("exit_group", [code]);
  throw new Error("exit_group returned");
}

/** Has the kernel clear children away as they end, without being waited for (sigaction(2)). */
export function ignoreChildren(): void {
  const SIGCHLD = 17, SIG_IGN = 1n, SIZE_OF_SIGSET = 8;
  const ignore = new Uint8Array(BigUint64Array.of(SIG_IGN, 0n, 0n, 0n).buffer);
  rawSyscall("rt_sigaction", [SIGCHLD, ignore, null, SIZE_OF_SIGSET]);
}

/** A row that promises that execve(2) grants no privileges from then on (prctl(2), PR_SET_NO_NEW_PRIVS). */
export function noNewPrivilegesRow(): Syscall {
  return {
    name: "prctl",
    arguments: [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0],
    failure: "Cannot set no_new_privs",
  };
}

/**
 * A row that limits the size of files the process may make, in bytes, Infinity for no limit
 * (setrlimit(2), RLIMIT_FSIZE). As login(1) does, it takes what the hard limit allows.
 */
export function fileSizeLimitRow(bytes: number): Syscall {
  const RLIMIT_FSIZE = 1;
  const limit = bytes === Infinity ? 0xffff_ffff_ffff_ffffn : BigInt(bytes);
  const limits = memory(new Uint8Array(new BigUint64Array([limit, limit]).buffer));
  return { name: "prlimit64", arguments: [0, RLIMIT_FSIZE, limits, 0], ignoreError: true };
}

/**
 * Gives the program that is executed next the signal state a shell would give it: every disposition
 * default, nothing blocked. Our runtime ignores SIGPIPE, and callers block what they like.
 *
 * A SIGHUP that was ignored stays so: nohup(1) means the whole command.
 */
export function resetSignals(): void {
  const SIGHUP = 1, SIGKILL = 9, SIGSTOP = 19, SIGRTMAX = 64, SIG_SETMASK = 2;
  const SIZE_OF_SIGSET = 8;
  const defaults = new Uint8Array(32); // struct kernel_sigaction, the same on both architectures
  for (let signal = 1; signal <= SIGRTMAX; signal++) {
    if (signal === SIGHUP || signal === SIGKILL || signal === SIGSTOP) continue;
    rawSyscall("rt_sigaction", [signal, defaults, null, SIZE_OF_SIGSET]);
  }
  rawSyscall("rt_sigprocmask", [SIG_SETMASK, new Uint8Array(SIZE_OF_SIGSET), null, SIZE_OF_SIGSET]);
}
