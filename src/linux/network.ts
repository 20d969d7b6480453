import { close } from "./files.ts";
import { check, libc } from "./libc.ts";

const symbols = libc({
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
});

/** Brings the loopback interface of this network namespace up (netdevice(7)). @throws {SyscallError} */
export function bringUpLoopback(): void {
  const AF_INET = 2, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0o2000000;
  const SIOCSIFFLAGS = 0x8914n, IFF_UP = 1, IFNAMSIZ = 16;
  const request = new Uint8Array(40); // struct ifreq
  request.set(new TextEncoder().encode("lo"));
  new DataView(request.buffer).setInt16(IFNAMSIZ, IFF_UP, true);
  const fd = check(symbols().socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  try {
    check(symbols().ioctl(fd, SIOCSIFFLAGS, request), "ioctl(SIOCSIFFLAGS)", "lo");
  } finally {
    close(fd);
  }
}
