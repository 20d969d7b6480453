import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { EnrootError } from "../../diagnostics/mod.ts";
import { type Digest, digestOf } from "../../formats/oci/mod.ts";
import { LayerDecoder } from "./layer_decoder.ts";

/** Bytes that compress, but not to nothing. */
function sample(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let index = 0, value = seed; index < length; index++) {
    value = (value * 1103515245 + 12345) % 0x80000000;
    bytes[index] = (value >> 16) & 0x3f;
  }
  return bytes;
}

/** Chunks that their reader may give back, cut so that they meet no boundary of anything. */
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001) yield bytes.slice(at, at + 70_001);
}

function layer(bytes: Uint8Array, diffId: Digest | null = null, name = "layer one") {
  return { name, bytes: Promise.resolve(chunksOf(bytes)), diffId };
}

async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

const WRONG: Digest = `sha256:${"0".repeat(64)}`;

for (const threads of [0, 1, 2]) {
  const where = `with ${threads} threads`;

  Deno.test(`LayerDecoder decompresses layers of every kind ${where}`, async () => {
    using decoder = new LayerDecoder({ threads });
    const samples = [0, 1, 3_000_000, 17, 9_000_000, 2 << 20].map((length, index) =>
      sample(length, index + 1)
    );
    const layers = samples.map((bytes, index) => {
      const compressed = index % 3 === 0
        ? gzipSync(bytes)
        : index % 3 === 1
        ? zstdCompressSync(bytes)
        : bytes;
      return decoder.decode(layer(new Uint8Array(compressed), digestOf(bytes)));
    });
    for (const [index, chunks] of layers.entries()) {
      assertEquals(digestOf(await readAll(chunks)), digestOf(samples[index] ?? new Uint8Array()));
    }
  });

  Deno.test(`LayerDecoder refuses a layer that is not what its digest says ${where}`, async () => {
    using decoder = new LayerDecoder({ threads });
    const bytes = new Uint8Array(gzipSync(sample(1_500_000)));
    await assertRejects(
      () => readAll(decoder.decode(layer(bytes, WRONG))),
      EnrootError,
      `Cannot extract layer one: its content is not ${WRONG}`,
    );
    assertEquals((await readAll(decoder.decode(layer(bytes)))).length, 1_500_000);
  });

  Deno.test(`LayerDecoder names the layer that is damaged ${where}`, async () => {
    using decoder = new LayerDecoder({ threads });
    const bytes = new Uint8Array(gzipSync(sample(3_000_000)));
    const whole = decoder.decode(layer(bytes));
    const cut = decoder.decode(layer(bytes.subarray(0, bytes.length - 9)));
    assertEquals((await readAll(whole)).length, 3_000_000);
    await assertRejects(
      () => readAll(cut),
      EnrootError,
      "Cannot decompress gzip data: unexpected end of data (layer one)",
    );
  });

  Deno.test(`LayerDecoder passes on why a layer cannot be read ${where}`, async () => {
    using decoder = new LayerDecoder({ threads });
    const missing = Promise.reject(new EnrootError("not there"));
    const whole = decoder.decode(layer(sample(100)));
    const absent = decoder.decode({ name: "", diffId: null, bytes: missing });
    async function* broken() {
      yield sample(100);
      await Promise.resolve();
      throw new EnrootError("cut off");
    }
    assertEquals((await readAll(whole)).length, 100);
    await assertRejects(() => readAll(absent), EnrootError, "not there");
    const bytes = Promise.resolve(broken());
    const half = decoder.decode({ name: "", diffId: null, bytes });
    await assertRejects(() => readAll(half), EnrootError, "cut off");
  });

  Deno.test(`LayerDecoder can be left at any time ${where}`, async () => {
    let closed = 0;
    async function* endless() {
      try {
        for (;;) yield await Promise.resolve(sample(500_000));
      } finally {
        closed++;
      }
    }
    {
      using decoder = new LayerDecoder({ threads });
      const [first] = [1, 2, 3].map(() =>
        decoder.decode({ name: "", diffId: null, bytes: Promise.resolve(endless()) })
      );
      assert(first !== undefined);
      for await (const chunk of first) if (chunk.length > 0) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    assertEquals(closed, Math.max(1, threads));
  });
}
