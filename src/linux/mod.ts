/**
 * The Linux kernel, typed: the only room that loads the host's libraries or touches pointers.
 *
 * Wrappers take and give plain values, and throw {@link SyscallError} with the call's name, its
 * operand and errno(3). Paths are byte strings.
 */
export { descriptorLimit, raiseDescriptorLimit } from "./descriptor_limit.ts";
export { hasCloseRange, openDescriptors } from "./descriptors.ts";
export { type DirectoryEntry, readDirectory } from "./directory_entries.ts";
export { copyFileRange, type CopyRange } from "./file_copy.ts";
export { type DataRange, ftruncate, nextDataRange, pread, pwrite } from "./file_data.ts";
export {
  AT,
  close,
  type Destination,
  fchmod,
  fchmodat,
  futimens,
  linkat,
  mkdirat,
  mknodat,
  O,
  openat,
  openat2,
  readlinkat,
  RENAME,
  renameat2,
  RESOLVE,
  S,
  symlinkat,
  unlinkat,
  utimensat,
} from "./files.ts";
export { fileIdentity, type FileStatus, statusAt, statusOf } from "./file_status.ts";
export {
  cloneFuseDevice,
  FUSE_MOUNT_FLAGS,
  fuseMountData,
  type FuseMountOptions,
  fuseRequestOrMessage,
  fuseRequestWaits,
  fuseRequestWaitsUnless,
  openFuseDevice,
  readFuseRequest,
  writeFuseReply,
} from "./fuse_device.ts";
export {
  hasMessage,
  receiveDescriptor,
  receiveDescriptorRow,
  sendDescriptor,
  socketPair,
} from "./descriptor_passing.ts";
export { fork } from "./fork.ts";
export { releaseMemory } from "./memory.ts";
export { availableMemory } from "./memory_limits.ts";
export { hasOpenssl, OpensslContext, type OpensslSession } from "./openssl.ts";
export { type OwnedFd, ownedFd } from "./owned_fd.ts";
export { isSyscallError, reasonOf, SyscallError } from "./syscall_error.ts";
export { type FileOrPath, getXattr, listXattrs, setXattr } from "./xattrs.ts";
export {
  actWithoutCapabilities,
  dropCapabilitiesRows,
  keepCapabilitiesOnExec,
} from "./capabilities.ts";
export { anonymousFile } from "./anonymous_file.ts";
export {
  closeOnExec,
  closeOnExecRow,
  execSyscallTable,
  inheritOnExec,
  syscallProgram,
} from "./exec.ts";
export {
  MNT_DETACH,
  mount,
  mountFlagsOf,
  type MountRequest,
  MS,
  pivotRoot,
  remountBind,
  unmount,
} from "./mounts.ts";
export {
  changeDirectory,
  changeDirectoryTo,
  changeRoot,
  CLONE,
  exitProcess,
  fileSizeLimitRow,
  ignoreChildren,
  isExecutable,
  noNewPrivilegesRow,
  processId,
  resetSignals,
  supplementaryGroups,
  unshare,
} from "./process.ts";
export { containerFilterRows } from "./seccomp.ts";
export { runSyscalls } from "./run_syscalls.ts";
export { goOnAsOrphan, goOnInChild, type ProgramCall } from "./fork_handover.ts";
export { cloneStandIn, type StandIn } from "./stand_in.ts";
export {
  memory,
  pointers,
  type ReportStyle,
  resultAddress,
  resultOf,
  type Syscall,
  text,
} from "./syscall_image.ts";
export { groupLineOf, passwdLineOf } from "./accounts.ts";
export { attachLoopDevice, type LoopDevice } from "./loop_device.ts";
export { bringUpLoopback } from "./network.ts";
export { terminalName } from "./terminal.ts";
export {
  copyWindowSize,
  hasControllingTerminal,
  openPseudoTerminal,
  type PseudoTerminal,
  waitingDescriptor,
} from "./pseudo_terminal.ts";
export { tryLock } from "./flock.ts";
export { type ChildState, pollChild, raise, sendSignal, waitForChild } from "./child_process.ts";
export { pipe, readSome, writeMessage } from "./pipe.ts";
