/**
 * Opens the functions of the C library that the store uses, for tests that are about something else:
 * the test runner would take what stays loaded for a leak of the test that comes first.
 */
import * as linux from "../../src/linux/mod.ts";

const CLOSED = -1;
const CALLS: readonly (() => void)[] = [
  () => linux.openat(CLOSED, "x", { flags: 0 }),
  () => linux.statusOf(CLOSED),
  () => linux.pread(CLOSED, new Uint8Array(1), { offset: 0 }),
  () => linux.pwrite(CLOSED, new Uint8Array(1), { offset: 0 }),
  () => linux.ftruncate(CLOSED, 0),
  () => linux.fchmod(CLOSED, 0),
  () => linux.unlinkat(CLOSED, "x"),
  () => linux.close(CLOSED),
];
/** More than it takes for a function to be opened for good. */
const OFTEN = 200;

for (const call of CALLS) {
  for (let times = 0; times < OFTEN; times++) {
    try {
      call();
    } catch (error) {
      if (!linux.isSyscallError(error, "EBADF")) throw error;
    }
  }
}
