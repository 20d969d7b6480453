/**
 * The Linux kernel, typed: the only room that loads the C library or touches pointers.
 *
 * Wrappers take and give plain values, and throw {@link SyscallError} with the call's name, its
 * operand and errno(3). Paths are byte strings.
 */
export { SyscallError } from "./syscall_error.ts";
