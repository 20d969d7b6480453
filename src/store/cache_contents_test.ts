import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Digest, digestOf } from "../formats/oci/mod.ts";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { listCache, pruneCache, verifyCachedBlob } from "./cache_contents.ts";

/** The C library stays loaded, which the test runner would call a leak. */
const resident = { sanitizeResources: false };

const DAY = 24 * 60 * 60 * 1000;

/** A cache with blobs of 1000, 2000 and 3000 bytes, last used 1, 2 and 3 days ago. */
async function inCache(
  test: (directory: string, digests: Digest[]) => Promise<void> | void,
): Promise<void> {
  using temporary = makeTemporaryDirectory();
  const directory = temporary.path;
  const digests = [1, 2, 3].map((days) => {
    const bytes = new Uint8Array(1000 * days);
    const path = `${directory}/${digestOf(bytes)}`;
    Deno.writeFileSync(path, bytes);
    const time = new Date(Date.now() - days * DAY);
    Deno.utimeSync(path, time, time);
    return digestOf(bytes);
  });
  Deno.writeTextFileSync(`${directory}/README`, "somebody's");
  Deno.writeTextFileSync(`${directory}/x.partial`, "partial");
  await test(directory, digests);
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test(
  "listCache() gives blobs and nothing else, those used last first",
  resident,
  () =>
    inCache((directory, digests) => {
      const blobs = listCache(directory);
      assertEquals(blobs.map(({ digest }) => digest), digests);
      assertEquals(blobs.map(({ size }) => size), [1000, 2000, 3000]);
    }),
);

Deno.test("listCache() takes a missing directory as empty, and no other obstacle", resident, () => {
  assertEquals(listCache("/nonexistent"), []);
  assertThrows(() => listCache("/dev/null"), EnrootError, "Cannot read /dev/null");
});

Deno.test(
  "pruneCache() removes everything of ours when nothing is said",
  resident,
  () =>
    inCache(async (directory, digests) => {
      const removed = await pruneCache(directory, {});
      assertEquals(removed.map(({ digest }) => digest), digests);
      assertEquals(names(directory), ["README"]);
    }),
);

Deno.test(
  "pruneCache() removes what was not used for long",
  resident,
  () =>
    inCache(async (directory, digests) => {
      await pruneCache(directory, { unusedSince: new Date(Date.now() - 1.5 * DAY) });
      assertEquals(names(directory), ["README", ...digests.slice(0, 1), "x.partial"]);
    }),
);

Deno.test(
  "pruneCache() keeps what was used last within a size",
  resident,
  () =>
    inCache(async (directory, digests) => {
      await pruneCache(directory, { maxSize: 3000 });
      assertEquals(listCache(directory).map(({ digest }) => digest), digests.slice(0, 2));
      await pruneCache(directory, { maxSize: 3000, unusedSince: new Date(0) });
      assertEquals(listCache(directory).length, 2);
      await pruneCache(directory, { maxSize: 0 });
      assertEquals(listCache(directory), []);
    }),
);

Deno.test(
  "pruneCache() leaves a download that is going on alone",
  resident,
  () =>
    inCache(async (directory) => {
      using file = Deno.openSync(`${directory}/x.partial`, { write: true });
      file.lockSync(true);
      await pruneCache(directory, {});
      assertEquals(names(directory), ["README", "x.partial"]);
    }),
);

Deno.test(
  "verifyCachedBlob() removes a blob that is not what its digest says",
  resident,
  () =>
    inCache(async (directory, [first, second]) => {
      if (first === undefined || second === undefined) throw new Error("no blobs");
      Deno.writeFileSync(`${directory}/${second}`, new Uint8Array(2000).fill(1));
      assertEquals(await verifyCachedBlob(directory, first), true);
      assertEquals(await verifyCachedBlob(directory, second), false);
      assertEquals(listCache(directory).length, 2);
    }),
);
