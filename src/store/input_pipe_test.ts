import { assertEquals } from "@std/assert";
import { AT, mknodat, S } from "../linux/mod.ts";
import { openInputPipe } from "./input_pipe.ts";

/** The C library stays loaded once it is used. */
const resident = { sanitizeResources: false };
/** Milliseconds that are far more than it takes. */
const DEADLINE = 20_000;

async function withPipe(act: (path: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "enroot-pipe-" });
  try {
    mknodat(AT.FDCWD, `${directory}/pipe`, { mode: S.IFIFO | 0o600 });
    await act(`${directory}/pipe`);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

async function read(file: Deno.FsFile): Promise<string> {
  return await new Response(file.readable).text();
}

/** Another process that writes to a pipe. */
function writer(path: string, script: string): Deno.ChildProcess {
  const args = ["-c", script, "sh", path];
  return new Deno.Command("timeout", { args: [`${DEADLINE / 1000}`, "sh", ...args] }).spawn();
}

Deno.test(
  "openInputPipe() lets events in until there is a writer",
  resident,
  () =>
    withPipe(async (path) => {
      let isOpen = false;
      const opened = openInputPipe(path).finally(() => isOpen = true);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assertEquals(isOpen, false);
      const child = writer(path, 'exec > "$1"; printf one; sleep 0.3; printf two');
      assertEquals(await read(await opened), "onetwo");
      await child.status;
    }),
);

Deno.test(
  "openInputPipe() has what a writer left that is gone already",
  resident,
  () =>
    withPipe(async (path) => {
      const opened = openInputPipe(path);
      const child = writer(path, 'printf all > "$1"');
      await child.status;
      assertEquals(await read(await opened), "all");
    }),
);

Deno.test("openInputPipe() finds a writer that waits", resident, () =>
  withPipe(async (path) => {
    const child = writer(path, 'printf all > "$1"');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assertEquals(await read(await openInputPipe(path)), "all");
    await child.status;
  }));
