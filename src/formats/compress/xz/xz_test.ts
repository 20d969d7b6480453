import { assert, assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../../../tests/support/requires.ts";
import { crc32 } from "node:zlib";
import { CompressionError } from "../compression_error.ts";
import { filtered, joined, mixedBytes, Random, samples } from "../test_samples.ts";
import { decodeWhole } from "./decoder_steps.ts";
import { decodeXz } from "./xz_decoder.ts";
import { encodeXz } from "./xz_encoder.ts";

const DATA = mixedBytes(5000);
const STREAM_HEADER = 12;
const BLOCK_HEADER = 12;

function decode(input: Uint8Array, maxOutput = 1 << 22): Uint8Array {
  return decodeWhole(decodeXz(), { format: "xz", input, maxOutput });
}

/** A stream whose block header is another, with its CRC made right. */
function withBlockHeader(fields: number[]): Uint8Array {
  const header = new Uint8Array(Math.ceil((fields.length + 1) / 4) * 4);
  header.set(fields, 1);
  header[0] = header.length / 4;
  const stream = encodeXz(DATA);
  return joined(
    stream.subarray(0, STREAM_HEADER),
    header,
    new Uint8Array(Uint32Array.of(crc32(header)).buffer),
    stream.subarray(STREAM_HEADER + BLOCK_HEADER),
  );
}

Deno.test("decodeXz() minds every field of a block header", () => {
  const dictionary = 2;
  // The index tells the size of the header too, so one that is no longer will do.
  assertEquals(decode(withBlockHeader([0, 0x21, 1, dictionary])), DATA);
  const refused: [number[], string][] = [
    [[0x04, 0x21, 1, dictionary], "unknown flags"],
    [[0, 0x21, 1, 41], "impossible size of a dictionary"],
    [[0, 0x21, 1, 40], "4096 MiB is more than the 128 MiB supported"],
    [[0, 0x21, 1, dictionary, 9], "unknown fields"],
    [[0, 0x21, 9, dictionary], "too short"],
    [[0, 0x03, 1, 0], "filter 3 is not supported"],
    [[0, 0x04, 0], "not in LZMA2"],
    [[1, 0x06, 0, 0x21, 1, dictionary], "filter 6 is not supported"],
    [[2, 0x04, 0, 0x04, 0, 0x21, 1, dictionary], "filter 4 is not supported"],
    [[1, 0x21, 1, dictionary, 0x21, 1, dictionary], "filter 33 is not supported"],
    [[0x80, 1, 0x21, 1, dictionary], "not the size its header says"],
    [[0x40, 1, 0x21, 1, dictionary], "not the size its header says"],
    [[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "a number is too large"],
  ];
  for (const [fields, message] of refused) {
    assertThrows(() => decode(withBlockHeader(fields)), CompressionError, message);
  }
});

Deno.test("decodeXz() notices every changed byte of a stream", () => {
  const stream = encodeXz(DATA.subarray(0, 300));
  for (let at = 0; at < stream.length; at++) {
    for (const bit of [1, 0x10, 0x80]) {
      const changed = new Uint8Array(stream);
      changed[at] = (changed[at] ?? 0) ^ bit;
      assertThrows(() => decode(changed), CompressionError);
    }
  }
});

Deno.test("decodeXz() wants the first LZMA2 chunk to bring dictionary and properties", () => {
  const chunk = (...bytes: number[]) => {
    const stream = encodeXz(new Uint8Array());
    const start = STREAM_HEADER + BLOCK_HEADER;
    return joined(stream.subarray(0, start), new Uint8Array(bytes), stream.subarray(start));
  };
  const refuse = (message: string, ...bytes: number[]) =>
    assertThrows(() => decode(chunk(...bytes)), CompressionError, message);
  refuse("does not start a dictionary", 0x02, 0, 0, 65);
  refuse("does not start a dictionary", 0x80, 0, 0, 0, 4, 0, 0, 0, 0, 0);
  refuse("lacks properties", 0x01, 0, 0, 65, 0x80, 0, 0, 0, 4, 0, 0, 0, 0, 0);
  refuse("impossible LZMA properties", 0xe0, 0, 0, 0, 4, 225, 0, 0, 0, 0, 0);
  refuse("impossible LZMA properties", 0xe0, 0, 0, 0, 4, 8 + 9, 0, 0, 0, 0, 0);
  refuse("unknown LZMA2 chunk", 0x03);
  refuse("unexpected end of data", 0xe0, 0, 0, 0, 3, 93, 0, 0, 0, 0);
  refuse("no range coder", 0xe0, 0, 0, 0, 4, 93, 1, 0, 0, 0, 0);
  refuse("does not end where it should", 0xe0, 0, 0, 0, 6, 93, 0, 0, 0, 0, 0, 0, 0);
});

Deno.test("encodeXz() stores what does not shrink", () => {
  const noise = new Random(1).bytes(300000);
  const stream = encodeXz(noise);
  assert(stream.length < noise.length + 100);
  assertEquals(decode(stream), noise);
});

Deno.test("encodeXz() asks for a dictionary no larger than the next power of two", () => {
  const dictionarySize = (length: number) => {
    const code = encodeXz(new Uint8Array(length))[STREAM_HEADER + 4] ?? 0;
    return (2 | code & 1) << (11 + (code >> 1));
  };
  assertEquals(dictionarySize(0), 4096);
  assertEquals(dictionarySize(1), 4096);
  assertEquals(dictionarySize(8192), 8192);
  assertEquals(dictionarySize(8193), 16384);
  assertEquals(dictionarySize(131072), 131072);
  assertEquals(dictionarySize(1 << 20), 1 << 20);
});

Deno.test({
  ...requiring({ programs: ["xz"] }, "encodeXz() writes what xz reads"),
  async fn() {
    const half = (1 << 21) + 12345;
    const large = joined(new Uint8Array(half), new Random(6).bytes(200000), mixedBytes(half, 9));
    for (const sample of [new Uint8Array(), ...samples().values(), large]) {
      const restored = await filtered(["xz", "-d", "-c"], encodeXz(sample));
      assert(
        restored.length === sample.length && restored.every((byte, at) => byte === sample[at]),
      );
    }
  },
});

/** Bytes in which every filter finds instructions to convert. */
function machineCode(): Uint8Array<ArrayBuffer> {
  const random = new Random(77);
  const telling = [
    0xe8,
    0xe9,
    0x00,
    0xff,
    0xeb,
    0xf0,
    0xf8,
    0x48,
    0x40,
    0x7f,
    0x94,
    0x97,
    0x90,
    0xb0,
  ];
  return Uint8Array.from(
    { length: 200001 },
    () => random.below(4) === 0 ? random.below(256) : telling[random.below(telling.length)] ?? 0,
  );
}

for (const filter of ["x86", "powerpc", "arm", "armthumb", "arm64", "sparc"]) {
  for (const option of [`--${filter}`, `--${filter}=start=4096`]) {
    Deno.test({
      ...requiring({ programs: ["xz"] }, `decodeXz() undoes the filter of \`xz ${option}\``),
      async fn() {
        const code = machineCode();
        const command = ["xz", option, "--lzma2=preset=0", "--block-size=70001", "-c"];
        const stream = await filtered(command, code);
        assertEquals(decode(stream), code);
      },
    });
  }
}
