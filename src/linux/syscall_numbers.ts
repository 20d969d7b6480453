/** The processor architectures this program is built for. */
export type Architecture = "x86_64" | "aarch64";

/** Numbers of asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64). */
const NUMBERS = {
  capget: [125, 90],
  capset: [126, 91],
  chdir: [80, 49],
  clone: [56, 220],
  close: [3, 57],
  close_range: [436, 436],
  dup3: [292, 24],
  execve: [59, 221],
  execveat: [322, 281],
  exit_group: [231, 94],
  faccessat: [269, 48],
  fchdir: [81, 50],
  fchmod: [91, 52],
  fcntl: [72, 25],
  flock: [73, 32],
  getdents64: [217, 61],
  getpid: [39, 172],
  getppid: [110, 173],
  ioctl: [16, 29],
  kill: [62, 129],
  memfd_create: [319, 279],
  mkdirat: [258, 34],
  mknodat: [259, 33],
  mount: [165, 40],
  mprotect: [10, 226],
  openat: [257, 56],
  openat2: [437, 437],
  pivot_root: [155, 41],
  prctl: [157, 167],
  prlimit64: [302, 261],
  readlinkat: [267, 78],
  renameat2: [316, 276],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  seccomp: [317, 277],
  setgroups: [116, 159],
  setns: [308, 268],
  setresgid: [119, 149],
  setresuid: [117, 147],
  setsid: [112, 157],
  socket: [41, 198],
  statfs: [137, 43],
  symlinkat: [266, 36],
  umask: [95, 166],
  umount2: [166, 39],
  unlinkat: [263, 35],
  unshare: [272, 97],
  wait4: [61, 260],
  write: [1, 64],
  writev: [20, 66],
} as const satisfies Record<string, readonly [number, number]>;

export type SyscallName = keyof typeof NUMBERS;

/** The number of a system call. */
export function syscallNumber(name: SyscallName, architecture: Architecture): number {
  return NUMBERS[name][architecture === "x86_64" ? 0 : 1];
}
