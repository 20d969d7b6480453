import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EnrootError } from "../../../diagnostics/mod.ts";
import { decompressBlock } from "../../compress/mod.ts";
import { DATA_STORED } from "../format/layout.ts";
import { memoryImage } from "../testing/memory_image.ts";
import { noise, prose } from "../testing/sample_tree.ts";
import type { BlockCoding } from "./block_coding.ts";
import { BlockQueue } from "./block_queue.ts";
import { AppendingOutput } from "./output.ts";

const BLOCK = 4096;

function queue(given: { memory?: number; processors?: number } = {}) {
  const image = memoryImage();
  const output = new AppendingOutput(image.output, 0);
  const placed: { name: number; position: number; size: number }[] = [];
  const blocks = new BlockQueue(output, {
    coding: { compression: "gzip", level: 1 },
    memory: given.memory ?? 1 << 20,
    processors: given.processors ?? 1,
  });
  const push = (name: number, block = prose(BLOCK, name + 1)) =>
    blocks.push(block, (place) => placed.push({ name, ...place }));
  return { image, output, blocks, placed, push };
}

for (const processors of [1, 2]) {
  Deno.test(`BlockQueue keeps the order with ${processors} processors`, async () => {
    const { image, blocks, placed, push } = queue({ processors, memory: 20 * BLOCK });
    for (let name = 0; name < 100; name++) {
      push(name);
      await blocks.drain();
    }
    await blocks.finish();
    assertEquals(placed.map(({ name }) => name), [...Array(100).keys()]);
    let at = 0;
    for (const { name, position, size } of placed) {
      assertEquals(position, at);
      at += size;
      const stored = image.bytes().subarray(position, position + size);
      assertEquals(decompressBlock("gzip", stored, BLOCK), prose(BLOCK, name + 1));
    }
  });
}

Deno.test("BlockQueue stores what does not compress as it is", async () => {
  const { image, blocks, placed, push } = queue();
  push(0, noise(BLOCK));
  await blocks.finish();
  assertEquals(placed, [{ name: 0, position: 0, size: BLOCK | DATA_STORED }]);
  assertEquals(image.bytes(), noise(BLOCK));
});

Deno.test("BlockQueue.cancelFrom() forgets what is not yet appended", async () => {
  const { output, blocks, placed, push } = queue({ memory: 4 * BLOCK });
  push(0);
  const start = blocks.pushed;
  for (let name = 1; name < 10; name++) push(name);
  const appended = placed.length;
  assert(appended > 1 && appended < 10);
  blocks.cancelFrom(start);
  // The blocks that were appended are the owner's to take back.
  output.position = placed[1]?.position ?? 0;
  push(10);
  await blocks.finish();
  assertEquals(placed.map(({ name }) => name), [...Array(appended).keys(), 10]);
  assertEquals(placed.at(-1)?.position, placed[1]?.position);
});

Deno.test("BlockQueue.drain() has nothing to wait for without workers, and waits for them", async () => {
  const alone = queue({ memory: 4 * BLOCK });
  for (let name = 0; name < 50; name++) {
    alone.push(name);
    assertEquals(alone.blocks.drain(), undefined);
  }
  const helped = queue({ memory: 8 * BLOCK, processors: 2 });
  let waited = 0;
  for (let name = 0; name < 50; name++) {
    helped.push(name);
    const drained = helped.blocks.drain();
    if (drained !== undefined) waited++;
    await drained;
  }
  assert(waited > 0);
  await helped.blocks.finish();
  assertEquals(helped.image.bytes(), await bytesOf(alone));
});

Deno.test("BlockQueue fails when a worker does, wherever it is waited for", async () => {
  const coding: BlockCoding = { compression: "gzip", level: 1 };
  const blocks = new BlockQueue(new AppendingOutput(memoryImage().output, 0), {
    coding,
    memory: 1 << 20,
    processors: 2,
  });
  // The first blocks are compressed in place.
  for (let name = 0; name < 4; name++) blocks.push(prose(BLOCK), () => {});
  // Nothing compresses with lzma.
  coding.compression = "lzma";
  blocks.push(prose(BLOCK), () => {});
  await assertRejects(() => blocks.finish(), EnrootError, "Cannot compress squashfs blocks");
  assertThrows(() => blocks.push(prose(BLOCK), () => {}), EnrootError);
  blocks.close();
});

async function bytesOf({ blocks, image }: ReturnType<typeof queue>): Promise<Uint8Array> {
  await blocks.finish();
  return image.bytes();
}
