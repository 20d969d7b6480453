/**
 * The Linux kernel, typed: the only room that loads the host's libraries or touches pointers.
 *
 * Wrappers take and give plain values, and throw {@link SyscallError} with the call's name, its
 * operand and errno(3). Paths are byte strings.
 *
 * Rooms: `call` makes system calls, `file` are those on files, `table` programs of system calls,
 * `kernel` the rest (mounts, capabilities, processes, devices), `clone` children that share memory.
 */
export { descriptorLimit, raiseDescriptorLimit } from "./kernel/descriptor_limit.ts";
export { hasCloseRange, openDescriptors } from "./file/descriptors.ts";
export { type DirectoryEntry, readDirectory } from "./file/directory_entries.ts";
export { copyFileRange, type CopyRange } from "./file/file_copy.ts";
export { type DataRange, ftruncate, nextDataRange, pread, pwrite } from "./file/file_data.ts";
export {
  AT,
  close,
  type Destination,
  fchmod,
  fchmodat,
  futimens,
  isExecutable,
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
} from "./file/files.ts";
export { fileIdentity, type FileStatus, statusAt, statusOf } from "./file/file_status.ts";
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
} from "./kernel/fuse_device.ts";
export {
  hasMessage,
  receiveDescriptor,
  receiveDescriptorRow,
  sendDescriptor,
  socketPair,
} from "./kernel/descriptor_passing.ts";
export { fork } from "./clone/fork.ts";
export { releaseMemory } from "./kernel/memory.ts";
export { availableMemory } from "./kernel/memory_limits.ts";
export { hasOpenssl, OpensslContext, type OpensslSession } from "./openssl.ts";
export { type OwnedFd, ownedFd } from "./file/owned_fd.ts";
export { isSyscallError, reasonOf, SyscallError } from "./call/syscall_error.ts";
export { type FileOrPath, getXattr, listXattrs, setXattr } from "./file/xattrs.ts";
export {
  actWithoutCapabilities,
  dropCapabilitiesRows,
  keepCapabilitiesOnExec,
} from "./kernel/capabilities.ts";
export { anonymousFile } from "./file/anonymous_file.ts";
export {
  closeOnExec,
  closeOnExecRow,
  execSyscallTable,
  inheritOnExec,
  withSyscallProgram,
} from "./table/exec.ts";
export {
  MNT_DETACH,
  mount,
  mountFlagsOf,
  type MountRequest,
  MS,
  pivotRoot,
  remountBind,
  unmount,
} from "./kernel/mounts.ts";
export {
  changeDirectory,
  changeDirectoryTo,
  changeRoot,
  CLONE,
  exitProcess,
  fileSizeLimitRow,
  ignoreChildren,
  noNewPrivilegesRow,
  processId,
  resetSignals,
  supplementaryGroups,
  unshare,
} from "./kernel/process.ts";
export { containerFilterRows } from "./kernel/seccomp.ts";
export { runSyscalls } from "./table/run_syscalls.ts";
export { goOnAsOrphan, goOnInChild, type ProgramCall } from "./clone/fork_handover.ts";
export { cloneStandIn, type StandIn } from "./clone/stand_in.ts";
export {
  memory,
  pointers,
  type ReportStyle,
  resultAddress,
  resultOf,
  type Syscall,
  text,
} from "./table/syscall_image.ts";
export { groupLineOf, passwdLineOf } from "./kernel/accounts.ts";
export { attachLoopDevice, type LoopDevice } from "./kernel/loop_device.ts";
export { bringUpLoopback } from "./kernel/network.ts";
export { terminalName } from "./file/terminal.ts";
export {
  copyWindowSize,
  hasControllingTerminal,
  openPseudoTerminal,
  type PseudoTerminal,
  waitingDescriptor,
} from "./file/pseudo_terminal.ts";
export { tryLock } from "./file/flock.ts";
export {
  type ChildState,
  pollChild,
  raise,
  sendSignal,
  waitForChild,
} from "./kernel/child_process.ts";
export { pipe, readSome, writeMessage } from "./file/pipe.ts";
