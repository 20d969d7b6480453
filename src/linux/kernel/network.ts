import { close } from "../file/files.ts";
import { rawSyscall } from "../call/raw_syscall.ts";

/** Brings the loopback interface of this network namespace up (netdevice(7)). @throws {SyscallError} */
export function bringUpLoopback(): void {
  const AF_INET = 2, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0o2000000;
  const SIOCSIFFLAGS = 0x8914, IFF_UP = 1, IFNAMSIZ = 16;
  const request = new Uint8Array(40); // struct ifreq
  request.set(new TextEncoder().encode("lo"));
  new DataView(request.buffer).setInt16(IFNAMSIZ, IFF_UP, true);
  const fd = rawSyscall("socket", [AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0]);
  try {
    rawSyscall("ioctl", [fd, SIOCSIFFLAGS, request], "lo");
  } finally {
    close(fd);
  }
}
