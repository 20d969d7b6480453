import { assert, assertEquals, assertRejects } from "@std/assert";
import { requiring } from "../../tests/support/requires.ts";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Descriptor, digestOf } from "../formats/oci/mod.ts";
import { BlobCache, type Fill } from "./blob_cache.ts";

/** The C library stays loaded, which the test runner would call a leak. */
const resident = { sanitizeResources: false };

const BYTES = Uint8Array.from({ length: 700_000 }, (_, index) => index * 13);
const BLOB: Descriptor = {
  mediaType: "",
  digest: digestOf(BYTES),
  size: BYTES.length,
  urls: [],
};
const fill: Fill = (partial) => partial.write(BYTES.slice(partial.size));
const refuse: Fill = () => Promise.reject(new Error("must not be fetched"));

async function inCache(
  test: (cache: BlobCache, directory: string) => Promise<void>,
): Promise<void> {
  using temporary = makeTemporaryDirectory();
  const top = temporary.path;
  await test(new BlobCache(`${top}/cache`, top), `${top}/cache`);
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test(
  "obtain() keeps a blob under its digest, in a directory nobody else can enter",
  resident,
  () =>
    inCache(async (cache, directory) => {
      assertEquals(cache.has(BLOB), false);
      using blob = await cache.obtain(BLOB, fill);
      assertEquals(blob.path, `${directory}/${BLOB.digest}`);
      assertEquals(await blob.bytes(), BYTES);
      assertEquals((Deno.statSync(directory).mode ?? 0) & 0o777, 0o700);
      assertEquals((Deno.statSync(blob.path).mode ?? 0) & 0o777, 0o640);
      assertEquals(cache.has(BLOB), true);
      assertEquals(names(directory), [BLOB.digest]);
    }),
);

Deno.test(
  "obtain() takes an intact blob from the cache",
  resident,
  () =>
    inCache(async (cache, directory) => {
      using _first = await cache.obtain(BLOB, fill);
      using _again = await cache.obtain(BLOB, refuse);
      using _later = await new BlobCache(directory, "/nonexistent").obtain(BLOB, refuse);
    }),
);

Deno.test(
  "obtain() fetches a cached blob again that is corrupt or of another size",
  resident,
  () =>
    inCache(async (_, directory) => {
      Deno.mkdirSync(directory);
      const flipped = BYTES.slice();
      flipped[5] = 1;
      for (const content of [flipped, BYTES.slice(1), new Uint8Array(0)]) {
        Deno.writeFileSync(`${directory}/${BLOB.digest}`, content);
        using blob = await new BlobCache(directory, "/nonexistent").obtain(BLOB, fill);
        assertEquals(await blob.bytes(), BYTES);
      }
    }),
);

Deno.test(
  "obtain() goes on with what an interrupted process left",
  resident,
  () =>
    inCache(async (cache, directory) => {
      await assertRejects(() =>
        cache.obtain(BLOB, async (partial) => {
          await partial.write(BYTES.slice(0, 1000));
          throw new EnrootError("interrupted");
        })
      );
      assertEquals(names(directory), [`${BLOB.digest}.partial`]);
      using _blob = await cache.obtain(BLOB, async (partial) => {
        assertEquals(partial.size, 1000);
        await partial.write(BYTES.slice(1000));
        assertEquals(partial.received, BYTES.length - 1000);
      });
      assertEquals(names(directory), [BLOB.digest]);
    }),
);

Deno.test(
  "obtain() does not fetch what was only not renamed",
  resident,
  () =>
    inCache(async (cache, directory) => {
      Deno.mkdirSync(directory);
      Deno.writeFileSync(`${directory}/${BLOB.digest}.partial`, BYTES);
      using _blob = await cache.obtain(BLOB, refuse);
    }),
);

Deno.test(
  "obtain() begins anew where the partial file is not the blob's beginning",
  resident,
  () =>
    inCache(async (cache, directory) => {
      Deno.mkdirSync(directory);
      for (const content of [new Uint8Array(1000), new Uint8Array(BYTES.length + 1)]) {
        Deno.writeFileSync(`${directory}/${BLOB.digest}.partial`, content);
        using blob = await cache.obtain(BLOB, fill);
        assertEquals(await blob.bytes(), BYTES);
        Deno.removeSync(blob.path);
      }
    }),
);

Deno.test(
  "obtain() refuses data that does not match the digest, and keeps nothing of it",
  resident,
  () =>
    inCache(async (cache, directory) => {
      let calls = 0;
      await assertRejects(
        () =>
          cache.obtain(BLOB, (partial) => {
            calls++;
            return partial.write(new Uint8Array(BLOB.size));
          }),
        EnrootError,
        "does not match its digest",
      );
      assertEquals(calls, 3);
      assertEquals(cache.has(BLOB), false);
      assertEquals(Deno.statSync(`${directory}/${BLOB.digest}.partial`).size, 0);
    }),
);

Deno.test(
  "obtain() makes those wait who want the same blob at the same time",
  resident,
  () =>
    inCache(async (cache, directory) => {
      let calls = 0;
      const slowly: Fill = async (partial) => {
        calls++;
        await partial.write(BYTES.slice(0, 10));
        await new Promise((resolve) => setTimeout(resolve, 50));
        await partial.write(BYTES.slice(10));
      };
      const other = new BlobCache(directory, "/nonexistent");
      const blobs = await Promise.all(
        [cache, other, cache, other, cache].map((each) => each.obtain(BLOB, slowly)),
      );
      assertEquals(calls, 1);
      for (const blob of blobs) assertEquals(await blob.bytes(), BYTES);
      assertEquals(names(directory), [BLOB.digest]);
    }),
);

Deno.test(
  "disposing of the cache ends the wait for another process",
  resident,
  () =>
    inCache(async (cache, directory) => {
      Deno.mkdirSync(directory);
      const path = `${directory}/${BLOB.digest}.partial`;
      using partial = Deno.openSync(path, { write: true, create: true });
      partial.lockSync(true);
      const end = assertRejects(() => cache.obtain(BLOB, refuse), EnrootError, "interrupted");
      await new Promise((resolve) => setTimeout(resolve, 50));
      cache[Symbol.dispose]();
      await end;
      await assertRejects(() => cache.obtain(BLOB, fill), EnrootError, "interrupted");
    }),
);

Deno.test(
  "obtain() takes over when the process that downloads is killed",
  resident,
  () =>
    inCache(async (cache, directory) => {
      const script = `
      import { BlobCache } from "${import.meta.resolve("./blob_cache.ts")}";
      const blob = JSON.parse(Deno.args[1]);
      await new BlobCache(Deno.args[0], "/nonexistent").obtain(blob, async (partial) => {
        await partial.write(new Uint8Array(100));
        await partial.write(new Uint8Array(0));
        Deno.stdout.writeSync(new Uint8Array([10]));
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });
    `;
      Deno.mkdirSync(directory);
      const program = `${directory}/program.ts`;
      Deno.writeTextFileSync(program, script);
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-config", program, directory, JSON.stringify(BLOB)],
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      reader.releaseLock();
      const obtained = cache.obtain(BLOB, async (partial) => {
        assertEquals(partial.size, 100);
        await partial.restart();
        await partial.write(BYTES);
      });
      const first = await Promise.race([
        obtained.then(() => "obtained"),
        new Promise((resolve) => setTimeout(resolve, 200, "waiting")),
      ]);
      assertEquals(first, "waiting");
      child.kill("SIGKILL");
      await child.output();
      using _blob = await obtained;
    }),
);

Deno.test(
  "obtain() removes partial files that are days old, but not those in use",
  resident,
  () =>
    inCache(async (cache, directory) => {
      Deno.mkdirSync(directory);
      const old = new Date(Date.now() - 8 * 24 * 3600 * 1000);
      for (const name of ["old.partial", "used.partial", "new.partial", "other"]) {
        Deno.writeTextFileSync(`${directory}/${name}`, "");
        if (name !== "new.partial") Deno.utimeSync(`${directory}/${name}`, old, old);
      }
      using used = Deno.openSync(`${directory}/used.partial`, { read: true, write: true });
      used.lockSync(true);
      using _blob = await cache.obtain(BLOB, fill);
      assertEquals(names(directory), ["new.partial", "other", BLOB.digest, "used.partial"]);
    }),
);

Deno.test(
  "obtain() does not go by the clock of this machine",
  resident,
  () =>
    inCache(async (cache, directory) => {
      Deno.mkdirSync(directory);
      Deno.writeTextFileSync(`${directory}/new.partial`, "");
      const { now } = Date;
      try {
        Date.now = () => now() + 30 * 24 * 3600 * 1000;
        using _blob = await cache.obtain(BLOB, fill);
      } finally {
        Date.now = now;
      }
      assertEquals(names(directory), ["new.partial", BLOB.digest]);
    }),
);

Deno.test(
  "obtain() does not write through a symbolic link that somebody put there",
  resident,
  () =>
    inCache(async (cache, directory) => {
      Deno.mkdirSync(directory);
      const target = `${directory}/precious`;
      Deno.writeTextFileSync(target, "precious");
      Deno.symlinkSync(target, `${directory}/${BLOB.digest}.partial`);
      using blob = await cache.obtain(BLOB, fill);
      assertEquals(await blob.bytes(), BYTES);
      assertEquals(Deno.readTextFileSync(target), "precious");
    }),
);

Deno.test(
  "obtain() keeps to itself what it cannot put in the place of something else",
  resident,
  () =>
    inCache(async (cache, directory) => {
      // As good as another user's file in a sticky directory, and no privilege gets round it.
      Deno.mkdirSync(`${directory}/${BLOB.digest}/x`, { recursive: true });
      using blob = await cache.obtain(BLOB, fill);
      assertEquals(names(directory), [BLOB.digest]);
      assertEquals(await blob.bytes(), BYTES);
    }),
);

Deno.test(
  "obtain() makes do with a temporary file where there can be no cache",
  resident,
  () =>
    inCache(async (_, directory) => {
      Deno.writeTextFileSync(directory, "not a directory");
      const temporary = directory.replace(/cache$/, "");
      {
        using blob = await new BlobCache(directory, temporary).obtain(BLOB, fill);
        assertEquals(names(temporary), ["cache"]);
        assertEquals(await blob.bytes(), BYTES);
      }
      assertEquals(names(temporary), ["cache"]);
      await assertRejects(
        () => new BlobCache(directory, "/nonexistent").obtain(BLOB, fill),
        EnrootError,
        "Cannot store",
      );
    }),
);

Deno.test(
  "read() gives a document under its digest if it is intact and not too large",
  resident,
  () =>
    inCache(async (cache) => {
      assertEquals(await cache.read(BLOB.digest, 1e9), undefined);
      using blob = await cache.obtain(BLOB, fill);
      assertEquals(await cache.read(BLOB.digest, 1e9), BYTES);
      assertEquals(await cache.read(BLOB.digest, 100), undefined);
      Deno.writeTextFileSync(blob.path, "x");
      assertEquals(await cache.read(BLOB.digest, 1e9), undefined);
    }),
);

Deno.test({
  ...requiring(
    { root: true, programs: ["setpriv"] },
    "a cache that may only be read serves what it has",
  ),
  ...resident,
  fn: () =>
    inCache(async (cache, directory) => {
      using _blob = await cache.obtain(BLOB, fill);
      Deno.chmodSync(directory, 0o555);
      const missing = { ...BLOB, digest: digestOf(new Uint8Array(3)), size: 3 };
      const script = `
        const { BlobCache } = await import("${import.meta.resolve("./blob_cache.ts")}");
        const cache = new BlobCache("${directory}", "/tmp");
        const show = async (blob, fill) => {
          using found = await cache.obtain(blob, fill);
          return found.path;
        };
        const refuse = () => { throw new Error("fetched") };
        console.log(await show(${JSON.stringify(BLOB)}, refuse));
        console.log(await show(${JSON.stringify(missing)}, (p) => p.write(new Uint8Array(3))));
      `;
      // As root, but without the right to write everywhere.
      const { stdout, stderr } = await new Deno.Command("setpriv", {
        args: ["--bounding-set=-dac_override,-dac_read_search,-fowner"]
          .concat(Deno.execPath(), "eval", "--no-config", script),
      }).output();
      const lines = new TextDecoder().decode(stdout).split("\n");
      assertEquals(lines[0], `${directory}/${BLOB.digest}`, new TextDecoder().decode(stderr));
      assert(lines[1]?.startsWith("/tmp/.enroot-blob."), lines[1]);
    }),
});
