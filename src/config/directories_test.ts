import { assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../tests/support/requires.ts";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import { ensureDirectory, ensureRuntimeDirectory } from "./directories.ts";
import { loadSettings } from "./load_settings.ts";
import type { Settings } from "./settings.ts";

const SETTINGS: Settings = loadSettings({
  environment: { HOME: "/h", ENROOT_SYSCONF_PATH: "/nonexistent" },
});
/** Why /run/enroot is there, or can be made, so that there is no need for another place. */
function whyRunIsOpen(): string | undefined {
  if (Deno.uid() === 0) return "root may write in /run";
  try {
    Deno.statSync("/run/enroot");
    return "/run/enroot exists";
  } catch {
    return undefined;
  }
}

function inTemporaryDirectory(test: (path: string) => void) {
  return () => {
    using temporary = makeTemporaryDirectory();
    const path = temporary.path;
    test(path);
  };
}

Deno.test(
  "ensureDirectory() makes private directories and keeps existing ones",
  inTemporaryDirectory((path) => {
    ensureDirectory(`${path}/a/b`);
    assertEquals((Deno.statSync(`${path}/a/b`).mode ?? 0) & 0o7777, 0o700);
    Deno.chmodSync(`${path}/a/b`, 0o755);
    ensureDirectory(`${path}/a/b`);
    assertEquals((Deno.statSync(`${path}/a/b`).mode ?? 0) & 0o7777, 0o755);
  }),
);

Deno.test(
  "ensureDirectory() refuses a file in its place",
  inTemporaryDirectory((path) => {
    Deno.writeTextFileSync(`${path}/file`, "");
    assertThrows(() => ensureDirectory(`${path}/file`), EnrootError, "Cannot create directory");
    assertThrows(() => ensureDirectory(`${path}/file/x`), EnrootError, "Cannot create directory");
  }),
);

Deno.test(
  "ensureRuntimeDirectory() does not replace a directory that was asked for",
  inTemporaryDirectory((path) => {
    Deno.writeTextFileSync(`${path}/file`, "");
    const settings = { ...SETTINGS, runtimePath: `${path}/file/x`, tempPath: path };
    assertThrows(() => ensureRuntimeDirectory(settings), EnrootError, `${path}/file/x`);
  }),
);

Deno.test({
  ...requiring(
    { other: whyRunIsOpen() },
    "ensureRuntimeDirectory() uses a private directory where /run is closed",
  ),
  fn: inTemporaryDirectory((tempPath) => {
    const settings = { ...SETTINGS, runtimePath: "/run/enroot", tempPath };
    const path = ensureRuntimeDirectory(settings);
    assertEquals(path, `${tempPath}/enroot-${Deno.uid()}`);
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o7777, 0o700);
    assertEquals(ensureRuntimeDirectory(settings), path);
    Deno.chmodSync(path, 0o777);
    const other = ensureRuntimeDirectory(settings);
    assertEquals(other.slice(0, path.length + 1), `${path}.`);
    Deno.removeSync(path);
    Deno.symlinkSync(tempPath, path);
    assertEquals(ensureRuntimeDirectory(settings), other);
  }),
});
