import { assert, assertEquals } from "@std/assert";
import { byteStringFromText } from "../../bytes/mod.ts";
import {
  AT,
  copyFileRange,
  ftruncate,
  nextDataRange,
  O,
  openat,
  type OwnedFd,
  ownedFd,
  pread,
  pwrite,
  statusOf,
} from "../mod.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false };

function temporaryFile(directory: string): OwnedFd {
  return ownedFd(
    openat(AT.FDCWD, byteStringFromText(directory), { flags: O.RDWR | O.TMPFILE, mode: 0o600 }),
  );
}

const pattern = Uint8Array.from({ length: 3_000_000 }, (_, index) => index * 7 >> 3);

function contentOf(fd: number): Uint8Array {
  const into = new Uint8Array(statusOf(fd).size);
  assertEquals(pread(fd, into, { offset: 0 }), into.length);
  return into;
}

for (const [where, directory] of [["within", "/tmp"], ["between", "/dev/shm"]] as const) {
  Deno.test(`copyFileRange() copies ${where} file systems`, resident, () => {
    using from = temporaryFile("/tmp");
    using to = temporaryFile(directory);
    pwrite(from.fd, pattern, { offset: 0 });
    const range = { fromOffset: 1_000, toOffset: 5, length: 2_500_000 };
    assertEquals(copyFileRange(from.fd, to.fd, range), 2_500_000);
    const content = contentOf(to.fd);
    assertEquals(content.length, 2_500_005);
    assertEquals(content.subarray(5), pattern.subarray(1_000, 2_501_000));
  });
}

Deno.test("copyFileRange() tells when the source ends early", resident, () => {
  using from = temporaryFile("/tmp");
  using to = temporaryFile("/tmp");
  pwrite(from.fd, pattern.subarray(0, 100), { offset: 0 });
  const range = { fromOffset: 50, toOffset: 0, length: 500 };
  assertEquals(copyFileRange(from.fd, to.fd, range), 50);
});

Deno.test("copyFileRange() copies from files of proc", resident, () => {
  using from = ownedFd(openat(AT.FDCWD, "/proc/self/status", { flags: O.RDONLY }));
  using to = temporaryFile("/tmp");
  const copied = copyFileRange(from.fd, to.fd, { fromOffset: 0, toOffset: 0, length: 1 << 16 });
  assert(copied > 0);
  assertEquals(statusOf(to.fd).size, copied);
});

Deno.test("nextDataRange() walks data and skips holes", resident, () => {
  using file = temporaryFile("/tmp");
  ftruncate(file.fd, 1 << 20);
  assertEquals(nextDataRange(file.fd, { offset: 0 }), null);
  pwrite(file.fd, new Uint8Array(4096).fill(1), { offset: 1 << 19 });
  const range = nextDataRange(file.fd, { offset: 0 });
  assertEquals(range, { start: 1 << 19, end: (1 << 19) + 4096 });
  assertEquals(nextDataRange(file.fd, { offset: (1 << 19) + 4096 }), null);
});
