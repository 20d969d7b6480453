import { assertEquals, assertRejects } from "@std/assert";
import { capturedStderr } from "../../tests/support/captured_stderr.ts";
import { byteStringFromText } from "../bytes/mod.ts";
import { AT, O, openat, type OwnedFd, ownedFd } from "../linux/mod.ts";
import type { LockState } from "./lock.ts";
import { waitForLock } from "./partial_lock.ts";

/** The C library stays loaded, which the test runner would call a leak. */
const resident = { sanitizeResources: false };

/** Another process's file, held until this is disposed of, and our own descriptor of it. */
async function withHeldFile(
  test: (ours: OwnedFd, holder: Deno.FsFile, path: string) => Promise<void>,
): Promise<void> {
  const path = Deno.makeTempFileSync();
  try {
    using holder = Deno.openSync(path, { write: true });
    holder.lockSync(true);
    using ours = opened(path, O.RDWR);
    await test(ours, holder, path);
  } finally {
    Deno.removeSync(path);
  }
}

function opened(path: string, flags: number): OwnedFd {
  return ownedFd(openat(AT.FDCWD, byteStringFromText(path), { flags }));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const { signal } = new AbortController();

Deno.test(
  "a process that downloads is waited for as long as it gets on, and the user told",
  resident,
  () =>
    withHeldFile(async (ours, holder, path) => {
      const patience = { silence: 50, standstill: 400 };
      let state: LockState | undefined;
      const lines = await capturedStderr(async () => {
        const waiting = waitForLock(ours, { path, signal, patience });
        for (let times = 0; times < 8; times++) {
          holder.writeSync(new Uint8Array(10));
          await pause(100);
        }
        holder.unlockSync();
        state = await waiting;
      });
      assertEquals(state, "ours");
      assertEquals(lines, [`[INFO] Waiting for another process that downloads ${path}`]);
    }),
);

Deno.test(
  "a process that does not get on is given up",
  resident,
  () =>
    withHeldFile(async (ours, _holder, path) => {
      const patience = { silence: 1000, standstill: 200 };
      let state: LockState | undefined;
      const lines = await capturedStderr(async () => {
        state = await waitForLock(ours, { path, signal, patience });
      });
      assertEquals(state, "another's");
      assertEquals(lines, [
        `[WARN] Another process does not get on with ${path}, downloading it independently`,
      ]);
    }),
);

Deno.test(
  "the wait for another process can be ended",
  resident,
  () =>
    withHeldFile(async (ours, _holder, path) => {
      const controller = new AbortController();
      const patience = { silence: 1000, standstill: 10_000 };
      const waiting = waitForLock(ours, { path, signal: controller.signal, patience });
      controller.abort(new Error("enough"));
      await assertRejects(() => waiting, Error, "enough");
    }),
);

Deno.test(
  "where files cannot be locked the user is told once, and nothing waited for",
  resident,
  async () => {
    // As on a file system without locks: flock(2) fails on a descriptor that is only a path.
    using file = opened("/", O.PATH);
    const patience = { silence: 0, standstill: 0 };
    const wait = { path: "/cache/x.partial", signal, patience };
    const lines = await capturedStderr(async () => {
      for (let times = 0; times < 2; times++) assertEquals(await waitForLock(file, wait), "none");
    });
    assertEquals(lines, [
      "[INFO] Cannot lock /cache/x.partial: processes that need the same file download it independently",
    ]);
  },
);
