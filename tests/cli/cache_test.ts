import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { serveRegistry } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";

const HOUR = 3600;

/** Puts a blob into the cache. @returns its digest */
function cacheBlob(home: TestHome, { text, age }: { text: string; age: number }): string {
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  const path = `${home.cache}/${digest}`;
  if (!names(home.cache).includes(digest)) Deno.mkdirSync(home.cache, { recursive: true });
  Deno.writeTextFileSync(path, text);
  const time = new Date(Date.now() - age * 1000);
  Deno.utimeSync(path, time, time);
  if (Deno.uid() === 0) {
    Deno.chownSync(path, TEST_UID, TEST_UID);
    Deno.chownSync(home.cache, TEST_UID, TEST_UID);
  }
  return digest;
}

function names(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

Deno.test("cache list shows digest, size and time of what was downloaded, last used first", async () => {
  using home = makeHome();
  const old = cacheBlob(home, { text: "old", age: 50 * HOUR });
  const recent = cacheBlob(home, { text: "recent", age: HOUR });
  Deno.writeTextFileSync(`${home.cache}/notes`, "of the user");
  const { code, stdout, stderr } = await runEnroot(["cache", "list"], { home });
  assertEquals([code, stderr], [0, ""]);
  const [first, second, ...rest] = stdout.split("\n");
  const time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$";
  assertMatch(first ?? "", new RegExp(`^${recent} +6 ${time}`));
  assertMatch(second ?? "", new RegExp(`^${old} +3 ${time}`));
  assertEquals(rest, [""]);
});

Deno.test("cache has nothing to do where nothing was downloaded", async () => {
  using home = makeHome();
  for (
    const [action, expected] of [
      ["list", ""],
      ["verify", "[INFO] Verified 0 files, 0 corrupt\n"],
      ["prune", "[INFO] Removed 0 files, 0 bytes\n"],
    ] as const
  ) {
    const { code, stdout, stderr } = await runEnroot(["cache", action], { home });
    assertEquals([code, stdout, stderr], [0, "", expected]);
  }
});

Deno.test("cache verify removes what is damaged, and says so", async () => {
  await using registry = serveRegistry({
    "a:1": { layers: [{ bytes: tarArchive([{ path: "a", data: "x".repeat(10_000) }]) }] },
  });
  using home = makeHome();
  const load = (name: string) =>
    runEnroot(["load", "-n", name, `docker://${registry.address}/a:1`], {
      home,
      env: { ENROOT_ALLOW_HTTP: "y" },
    });
  assertEquals((await load("one")).code, 0);
  const whole = await runEnroot(["cache", "verify"], { home });
  const count = names(home.cache).length;
  assert(count >= 3);
  assertEquals([whole.code, whole.stderr], [0, `[INFO] Verified ${count} files, 0 corrupt\n`]);

  const [largest = ""] = names(home.cache)
    .sort((a, b) =>
      Deno.statSync(`${home.cache}/${b}`).size - Deno.statSync(`${home.cache}/${a}`).size
    );
  const bytes = Deno.readFileSync(`${home.cache}/${largest}`);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  Deno.writeFileSync(`${home.cache}/${largest}`, bytes);
  const { code, stderr } = await runEnroot(["cache", "verify"], { home });
  assertEquals(code, 1);
  assertStringIncludes(stderr, `[WARN] Removed, as it did not match its digest: ${home.cache}/`);
  assertStringIncludes(stderr, `[INFO] Verified ${count} files, 1 corrupt\n`);
  assertEquals(names(home.cache).includes(largest), false);
  assertEquals((await load("two")).code, 0);
  assertEquals(names(home.cache).length, count);
});

Deno.test("cache prune removes what was not used for a time, or does not fit", async () => {
  using home = makeHome();
  const blobs = [1, 30, 200].map((hours) =>
    cacheBlob(home, { text: `${hours}`.padEnd(1000), age: hours * HOUR })
  );
  Deno.writeTextFileSync(`${home.cache}/notes`, "of the user");
  const prune = async (...args: string[]) => {
    const { code, stdout, stderr } = await runEnroot(["cache", "prune", ...args], { home });
    assertEquals([code, stdout], [0, ""], stderr);
    return stderr;
  };
  const left = () => blobs.map((digest) => names(home.cache).includes(digest));
  assertEquals(await prune("--older-than", "9d"), "[INFO] Removed 0 files, 0 bytes\n");
  assertEquals(await prune("--older-than=7d"), "[INFO] Removed 1 files, 1000 bytes\n");
  assertEquals(left(), [true, true, false]);
  await prune("--max-size", "2k");
  assertEquals(left(), [true, true, false]);
  await prune("--max-size", "1999", "--older-than", "100w");
  assertEquals(left(), [true, false, false]);
  await prune();
  assertEquals(names(home.cache), ["notes"]);
});

Deno.test("cache says what it does not understand, and removes nothing", async () => {
  using home = makeHome();
  const blob = cacheBlob(home, { text: "x", age: 1000 * HOUR });
  for (
    const [args, message] of [
      [["prune", "--older-than", "soon"], "Invalid argument: soon"],
      [["prune", "--max-size", "-1"], "Invalid argument: -1"],
      [["prune", "all"], "Invalid argument: all"],
      [["list", "--max-size", "1G"], "Invalid argument: --max-size"],
      [["empty"], "Invalid argument: empty"],
      [[], "Missing argument: list|verify|prune"],
    ] as const
  ) {
    const { code, stderr } = await runEnroot(["cache", ...args], { home });
    assertEquals([code, stderr], [1, `[ERROR] ${message}\n`]);
  }
  assertEquals(names(home.cache), [blob]);
});
