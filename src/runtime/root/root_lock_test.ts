import { assertEquals } from "@std/assert";
import { capturedStderr } from "../../../tests/support/captured_stderr.ts";
import { AT, O, openat, ownedFd } from "../../linux/mod.ts";
import type { RootDirectory } from "./root_directory.ts";
import { lockRoot } from "./root_lock.ts";

Deno.test({
  name: "lockRoot() goes on where files cannot be locked, and says so",
  // The C library stays loaded.
  sanitizeResources: false,
  async fn() {
    // As on a file system without locks: flock(2) fails on a descriptor that is only a path.
    const openPath = () => ownedFd(openat(AT.FDCWD, "/", { flags: O.PATH }));
    const root = { makeFile: openPath, open: openPath } as unknown as RootDirectory;
    const lines = await capturedStderr(() => {
      using _lock = lockRoot(root);
      return Promise.resolve();
    });
    assertEquals(lines, [
      "[WARN] Cannot lock the root file system (Bad file descriptor): " +
      "do not start this container several times at once",
    ]);
  },
});
