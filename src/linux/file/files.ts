import { type ByteString, byteString } from "../../bytes/mod.ts";
import { cPath, secondCPath } from "../call/c_path.ts";
import { check, libc } from "../call/libc.ts";
import { rawSyscall, tryRawSyscall } from "../call/raw_syscall.ts";

/*
 * Files by directory descriptor and name, as openat(2) and its relatives take them. The functions
 * are named for the calls. A directory is a descriptor, or AT.FDCWD for the working directory.
 */

const ARM = Deno.build.arch === "aarch64";

/** Flags of open(2). O_CLOEXEC is not among them because it is always set. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DIRECTORY: ARM ? 0o40000 : 0o200000,
  NOFOLLOW: ARM ? 0o100000 : 0o400000,
  PATH: 0o10000000,
  TMPFILE: ARM ? 0o20040000 : 0o20200000,
} as const;

const O_CLOEXEC = 0o2000000;

/** Flags of the …at(2) calls. */
export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
} as const;

/** Flags of renameat2(2). */
export const RENAME = { NOREPLACE: 1, EXCHANGE: 2 } as const;

/** Flags of openat2(2). */
export const RESOLVE = {
  NO_XDEV: 0x01,
  NO_MAGICLINKS: 0x02,
  NO_SYMLINKS: 0x04,
  BENEATH: 0x08,
  IN_ROOT: 0x10,
} as const;

/** File types in a mode (inode(7)). */
export const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFLNK: 0o120000,
  IFREG: 0o100000,
  IFBLK: 0o060000,
  IFDIR: 0o040000,
  IFCHR: 0o020000,
  IFIFO: 0o010000,
} as const;

const symbols = libc({
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  symlinkat: { parameters: ["buffer", "i32", "buffer"], result: "i32" },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fchmodat: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  futimens: { parameters: ["i32", "buffer"], result: "i32" },
  utimensat: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
});

/** openat(2), always close-on-exec. @returns the descriptor */
export function openat(
  directory: number,
  path: ByteString,
  { flags, mode = 0 }: { flags: number; mode?: number },
): number {
  return check(
    symbols().openat(directory, cPath(path, "openat"), flags | O_CLOEXEC, mode),
    "openat",
    path,
  );
}

/**
 * openat2(2), always close-on-exec: `resolve` keeps the whole walk, symbolic links included, inside
 * `directory`.
 *
 * @returns the descriptor
 * @throws {SyscallError} ENOSYS before Linux 5.6; EXDEV for a path that leaves the directory;
 *   EAGAIN when a rename elsewhere kept the kernel from being sure
 */
export function openat2(
  directory: number,
  path: ByteString,
  { flags, mode = 0, resolve }: { flags: number; mode?: number; resolve: number },
): number {
  // struct open_how
  const how = BigUint64Array.of(BigInt(flags | O_CLOEXEC), BigInt(mode), BigInt(resolve));
  return rawSyscall(
    "openat2",
    [directory, cPath(path, "openat2"), new Uint8Array(how.buffer), how.byteLength],
    path,
  );
}

/** close(2). @throws {SyscallError} what earlier writes failed of; the descriptor is closed anyway */
export function close(fd: number): void {
  check(symbols().close(fd), "close");
}

/** Whether this process may execute a file, as access(2) tells. */
export function isExecutable(path: ByteString): boolean {
  const X_OK = 1;
  return tryRawSyscall("faccessat", [AT.FDCWD, cPath(path, "faccessat"), X_OK]) === 0;
}

/** mkdirat(2). */
export function mkdirat(directory: number, path: ByteString, { mode }: { mode: number }): void {
  check(symbols().mkdirat(directory, cPath(path, "mkdirat"), mode), "mkdirat", path);
}

/** symlinkat(2): makes `path` a symbolic link to `target`. */
export function symlinkat(
  directory: number,
  path: ByteString,
  { target }: { target: ByteString },
): void {
  check(
    symbols().symlinkat(secondCPath(target, "symlinkat"), directory, cPath(path, "symlinkat")),
    "symlinkat",
    path,
  );
}

/** Another place for a file: see {@link linkat} and {@link renameat2}. */
export interface Destination {
  toDirectory: number;
  toPath: ByteString;
  flags?: number;
}

/** linkat(2): makes `toPath` a hard link to the file `path`, symbolic links not followed. */
export function linkat(
  directory: number,
  path: ByteString,
  { toDirectory, toPath, flags = 0 }: Destination,
): void {
  check(
    symbols().linkat(
      directory,
      cPath(path, "linkat"),
      toDirectory,
      secondCPath(toPath, "linkat"),
      flags,
    ),
    "linkat",
    toPath,
  );
}

/** renameat2(2), `flags` from {@link RENAME}. @throws {SyscallError} EINVAL for flags the file system lacks */
export function renameat2(
  directory: number,
  path: ByteString,
  { toDirectory, toPath, flags = 0 }: Destination,
): void {
  const to = secondCPath(toPath, "renameat2");
  rawSyscall("renameat2", [directory, cPath(path, "renameat2"), toDirectory, to, flags], path);
}

/** mknodat(2): makes a pipe or a socket, its type ({@link S}) and permissions in `mode`. */
export function mknodat(
  directory: number,
  path: ByteString,
  { mode }: { mode: number },
): void {
  rawSyscall("mknodat", [directory, cPath(path, "mknodat"), mode, 0], path);
}

/** unlinkat(2); `flags: AT.REMOVEDIR` for a directory. */
export function unlinkat(
  directory: number,
  path: ByteString,
  { flags = 0 }: { flags?: number } = {},
): void {
  check(symbols().unlinkat(directory, cPath(path, "unlinkat"), flags), "unlinkat", path);
}

/** readlinkat(2). */
export function readlinkat(directory: number, path: ByteString): ByteString {
  const length = rawSyscall(
    "readlinkat",
    [directory, cPath(path, "readlinkat"), linkTarget, linkTarget.length],
    path,
  );
  return byteString(linkTarget, 0, length);
}

// The kernel limits targets to PATH_MAX - 1 bytes.
const linkTarget = new Uint8Array(4096);

/** fchmod(2). Not for O_PATH descriptors. */
export function fchmod(fd: number, mode: number): void {
  check(symbols().fchmod(fd, mode), "fchmod");
}

/** fchmodat(2): follows a symbolic link at `path`. */
export function fchmodat(directory: number, path: ByteString, { mode }: { mode: number }): void {
  check(symbols().fchmodat(directory, cPath(path, "fchmodat"), mode, 0), "fchmodat", path);
}

/** Sets the modification time, in seconds since the epoch, and the access time to the same. */
export function futimens(fd: number, mtime: number): void {
  check(symbols().futimens(fd, timesOf(mtime)), "futimens");
}

/** As {@link futimens}, by name; symbolic links are not followed. */
export function utimensat(
  directory: number,
  path: ByteString,
  { mtime }: { mtime: number },
): void {
  check(
    symbols().utimensat(
      directory,
      cPath(path, "utimensat"),
      timesOf(mtime),
      AT.SYMLINK_NOFOLLOW,
    ),
    "utimensat",
    path,
  );
}

// Two struct timespec: access, modification.
const times = new BigInt64Array(4);

function timesOf(mtime: number): BigInt64Array<ArrayBuffer> {
  const seconds = Math.floor(mtime);
  times[0] = times[2] = BigInt(seconds);
  times[1] = times[3] = BigInt(Math.min(Math.round((mtime - seconds) * 1e9), 999_999_999));
  return times;
}
