import { assert, assertEquals, assertThrows } from "@std/assert";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { CompressionError } from "./compression_error.ts";
import { joined, mixedBytes, Random } from "./test_samples.ts";
import { ZstdFrames } from "./zstd_frames.ts";

const FIRST = mixedBytes(300000, 1);
const SECOND = mixedBytes(50, 2);

/** One frame with a checksum. Were the buffer full at its end, Deno would append an empty frame. */
function frameOf(data: Uint8Array): Uint8Array {
  return new Uint8Array(zstdCompressSync(data, {
    params: { [constants.ZSTD_c_checksumFlag]: 1 },
    chunkSize: 1 << 20,
  }));
}

function skippable(length: number): Uint8Array {
  const frame = new Uint8Array(8 + length).fill(0x28);
  new DataView(frame.buffer).setUint32(0, 0x184d2a55, true);
  new DataView(frame.buffer).setUint32(4, length, true);
  return frame;
}

Deno.test("ZstdFrames.split() cuts between frames and leaves skippable ones out", () => {
  const frames = [frameOf(FIRST), frameOf(SECOND)];
  const data = joined(
    skippable(0),
    ...frames.flatMap((frame) => [frame, skippable(3)]),
    skippable(70000),
  );
  const splitter = new ZstdFrames();
  assertEquals([...splitter.split(data)].map((piece) => piece.length), frames.map((f) => f.length));
  assert(splitter.complete);
});

Deno.test("ZstdFrames.split() gives the same bytes however they arrive", () => {
  const random = new Random(5);
  const frames = joined(frameOf(FIRST), frameOf(SECOND));
  const data = joined(skippable(9), frames, skippable(100), frames);
  for (let round = 0; round < 50; round++) {
    const splitter = new ZstdFrames();
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < data.length;) {
      const end = at + 1 + random.below(round < 25 ? 12 : 30000);
      pieces.push(...splitter.split(data.subarray(at, end)));
      at = end;
    }
    assert(splitter.complete);
    assertEquals(joined(...pieces), joined(frames, frames));
  }
});

Deno.test("ZstdFrames.complete is true at the ends of frames only", () => {
  const frame = frameOf(SECOND);
  const splitter = new ZstdFrames();
  assert(splitter.complete);
  for (let index = 0; index < frame.length; index++) {
    if (index > 0) assert(!splitter.complete);
    Array.from(splitter.split(frame.subarray(index, index + 1)));
  }
  assert(splitter.complete);
});

Deno.test("ZstdFrames.split() follows stored and run-length blocks", () => {
  for (const sample of [new Random(1).bytes(400000), new Uint8Array(400000)]) {
    const frame = frameOf(sample);
    const splitter = new ZstdFrames();
    const [piece] = [...splitter.split(frame)];
    assertEquals(piece, frame);
    assertEquals(zstdDecompressSync(frame).length, sample.length);
  }
});

Deno.test("ZstdFrames.split() refuses what is no frame", () => {
  const frame = frameOf(SECOND);
  const split = (data: Uint8Array) => Array.from(new ZstdFrames().split(data));
  assertEquals(split(joined(frame, frame)).length, 2);
  assertThrows(() => split(joined(frame, new Uint8Array(4))), CompressionError, "something else");
  assertThrows(
    () => split(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0x20, 50, 0x07, 0, 0])),
    CompressionError,
    "unknown block type",
  );
});
