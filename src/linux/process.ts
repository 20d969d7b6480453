import { type ByteString } from "../bytes/mod.ts";
import { check, cString, libc } from "./libc.ts";
import type { Syscall } from "./syscall_image.ts";

const symbols = libc({
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  chdir: { parameters: ["buffer"], result: "i32" },
  fchdir: { parameters: ["i32"], result: "i32" },
  umask: { parameters: ["u32"], result: "u32" },
  unshare: { parameters: ["i32"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  sigprocmask: { parameters: ["i32", "buffer", "pointer"], result: "i32" },
  access: { parameters: ["buffer", "i32"], result: "i32" },
});

const PR_SET_NO_NEW_PRIVS = 38;

/** Namespace flags of clone(2), unshare(2) and setns(2). */
export const CLONE = {
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
  check(symbols().chdir(cString(path)), "chdir", path);
}

/** fchdir(2). @throws {SyscallError} */
export function changeDirectoryTo(fd: number): void {
  check(symbols().fchdir(fd), "fchdir");
}

/** Sets the file mode creation mask (umask(2)). @returns the previous one */
export function setUmask(mask: number): number {
  return symbols().umask(mask);
}

/** unshare(2) of namespaces that a process with several threads may leave. @throws {SyscallError} */
export function unshare(flags: number): void {
  check(symbols().unshare(flags), "unshare");
}

/** Promises that execve(2) grants no privileges from now on (prctl(2), PR_SET_NO_NEW_PRIVS). @throws {SyscallError} */
export function setNoNewPrivileges(): void {
  check(symbols().prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n), "prctl(PR_SET_NO_NEW_PRIVS)");
}

/** A row that does the same as {@link setNoNewPrivileges}. */
export function noNewPrivilegesRow(): Syscall {
  return {
    name: "prctl",
    arguments: [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0],
    failure: "Cannot set no_new_privs",
  };
}

/**
 * Limits the size of files this process may make, in bytes, Infinity for no limit (setrlimit(2),
 * RLIMIT_FSIZE). As login(1) does, it takes what the hard limit allows.
 */
export function limitFileSize(bytes: number): void {
  const RLIMIT_FSIZE = 1;
  const limit = bytes === Infinity ? 0xffff_ffff_ffff_ffffn : BigInt(bytes);
  symbols().setrlimit(RLIMIT_FSIZE, new BigUint64Array([limit, limit]));
}

/** Whether this process may execute a file, as access(2) tells. */
export function isExecutable(path: ByteString): boolean {
  const X_OK = 1;
  return symbols().access(cString(path), X_OK) === 0;
}

/**
 * Gives the program that is executed next the signal state a shell would give it: every disposition
 * default, nothing blocked. Our runtime ignores SIGPIPE, and callers block what they like.
 *
 * A SIGHUP that was ignored stays so: nohup(1) means the whole command.
 */
export function resetSignals(): void {
  const SIGHUP = 1, SIGKILL = 9, SIGSTOP = 19, SIGRTMAX = 64, SIG_SETMASK = 2;
  const SIZE_OF_SIGACTION = 152;
  const defaults = new Uint8Array(SIZE_OF_SIGACTION);
  const { sigaction, sigprocmask } = symbols();
  for (let signal = 1; signal <= SIGRTMAX; signal++) {
    if (signal === SIGHUP || signal === SIGKILL || signal === SIGSTOP) continue;
    sigaction(signal, defaults, null); // The two that the C library keeps for itself are refused.
  }
  sigprocmask(SIG_SETMASK, new Uint8Array(128), null);
}
