import { assertEquals, assertRejects } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { digestOf } from "../formats/oci/mod.ts";
import { StoredBlob } from "./stored_blob.ts";

const BYTES = Uint8Array.from({ length: 600_000 }, (_, index) => index * 7);

async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(path, BYTES);
    await test(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("a stored blob is the file that was opened, whatever has its name later", () =>
  withFile(async (path) => {
    using blob = new StoredBlob({
      path,
      file: Deno.openSync(path),
      size: BYTES.length,
      digest: null,
    });
    Deno.removeSync(path);
    Deno.writeTextFileSync(path, "another");
    assertEquals(await blob.bytes(), BYTES);
  }));

Deno.test("a stored blob that another user can change proves its digest as it is read", () =>
  withFile(async (path) => {
    const digest = digestOf(BYTES);
    using intact = new StoredBlob({ path, file: Deno.openSync(path), size: BYTES.length, digest });
    assertEquals(await intact.bytes(), BYTES);
    using blob = new StoredBlob({ path, file: Deno.openSync(path), size: BYTES.length, digest });
    const content = blob.content();
    await content.next();
    const changed = BYTES.slice();
    changed[599_999] = 0;
    Deno.writeFileSync(path, changed);
    await assertRejects(
      async () => {
        for await (const _chunk of content);
      },
      EnrootError,
      `Cannot read ${path}: its owner has changed it meanwhile`,
    );
  }));
