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
    [[0, 0x03, 1, 0], "not in LZMA2"],
    [[0, 0x04, 0], "not in LZMA2"],
    [[1, 0x0c, 0, 0x21, 1, dictionary], "filter 12 is not supported"],
    [[1, 0x03, 0, 0x21, 1, dictionary], "too short"],
    [[1, 0x03, 2, 0, 0, 0x21, 1, dictionary], "unknown properties of a filter"],
    [[1, 0x04, 5, 0, 0, 0, 0, 0, 0x21, 1, dictionary], "unknown properties of a filter"],
    [[0, 0x21, 2, dictionary, 0], "unknown properties of a filter"],
    [[1, 0x21, 1, dictionary, 0x21, 1, dictionary], "LZMA2 is not the last filter"],
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
function machineCode(length = 200001): Uint8Array<ArrayBuffer> {
  const random = new Random(77);
  const telling = [
    ...[0xe8, 0xe9, 0x00, 0xff, 0xeb, 0xf0, 0xf8, 0x48, 0x40, 0x7f, 0x94, 0x97, 0x90, 0xb0],
    // `jal` and `auipc` of RISC-V, and registers with them.
    ...[0xef, 0x00, 0x02, 0x17, 0x05, 0x31, 0x13, 0x85],
  ];
  return Uint8Array.from(
    { length },
    () => random.below(4) === 0 ? random.below(256) : telling[random.below(telling.length)] ?? 0,
  );
}

/** Bundles of the Itanium, the slots of which are more calls than anything else. */
function itaniumCode(length: number): Uint8Array<ArrayBuffer> {
  const random = new Random(78);
  const bytes = new Uint8Array(length);
  for (let at = 0; at + 16 <= length; at += 16) {
    let bundle = BigInt(random.below(32));
    for (let slot = 0; slot < 3; slot++) {
      const fields = random.below(3) === 0 ? 0x1e00n : 0n;
      const target = BigInt(random.below(1 << 21)) << 13n;
      const operation = random.below(5) === 0 ? 4n : 5n;
      const low = BigInt(random.below(64));
      const instruction = operation << 37n | target & 0x11ffffe000n | fields & 0xe00n | low;
      bundle |= instruction << BigInt(5 + 41 * slot);
    }
    for (let index = 0; index < 16; index++) {
      bytes[at + index] = Number(bundle >> BigInt(8 * index) & 0xffn);
    }
  }
  return bytes;
}

const FILTERS = [
  ...["x86", "powerpc", "ia64", "arm", "armthumb", "arm64", "sparc"].flatMap((name) => [
    `--${name}`,
    `--${name}=start=4096`,
  ]),
  "--delta",
  "--delta=dist=4",
  "--delta=dist=256",
  "--x86 --delta=dist=3 --arm64",
];

for (const options of FILTERS) {
  Deno.test({
    ...requiring({ programs: ["xz"] }, `decodeXz() undoes the filter of \`xz ${options}\``),
    async fn() {
      for (const code of [machineCode(), itaniumCode(200001), new Uint8Array(3)]) {
        const command = ["xz", ...options.split(" "), "--lzma2=preset=0"];
        const stream = await filtered([...command, "--block-size=70001", "-c"], code);
        const restored = decode(stream);
        assert(restored.every((byte, at) => byte === code[at]));
        assertEquals(restored.length, code.length);
      }
    },
  });
}

/** Pairs of `auipc` with what uses its register, or another one, and jumps, of RISC-V. */
function riscVCode(): Uint8Array<ArrayBuffer> {
  const random = new Random(79);
  const words: number[] = [];
  while (words.length < 300) {
    const register = [0, 1, 2, 5, 10][random.below(5)] ?? 0;
    const other = random.below(8) === 0 ? random.below(32) : register;
    if (random.below(3) === 0) {
      words.push(0x6f | register << 7 | random.below(64) << 20);
    } else {
      const high = [0x3117, 0x17 | register << 7][random.below(2)] ?? 0;
      words.push(high | random.below(4) << 28, 0x13 | other << 15 | random.below(4) << 29);
    }
  }
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** What liblzma 5.8.3 makes of riscVCode(), for programs at 0 and at 65536. */
const RISC_V_STREAMS = [
  "/Td6WFoAAATm1rRGA8GMBbQJCwAhAQwAwsvYwuAEswKEXQA3gAgdONljLvFJMSMCSHEksTzB/nLj3qo42ZSkHZ9CvA" +
  "enDr71j7ucLwQ1/HnRi948ETu+oju1HxiJjTLHOe2Sz8ryCpoK+oz0Fgds8n9ZSyTeCiT6/IGws+LCDHEZUdHCVkQ4" +
  "bUtmizOaezuITODEnd9R6h/rlvvG3RJJerpNX07z4JUit2VovnXqZv4MUT/VetJ7tymw8eQXrwF9V4aeSXNk+bXuB5" +
  "iKifkIXCvYJYw9mEqw4R2jRzRUe13hk+gSnYniD8nLCa1Uzr6DdqiVSmS3wQcly1m23mxY70lK1Pa/GKIyUwc349pH" +
  "qip/83YOB6X9vm6PM3fk3IIIwDeXcb7oXcFG0cK9xMiHApselCuxwZMx3MvdS+WEvXdqA2fQUvkp5tjFM55OM0lrRU" +
  "KquJ20vOYGN9hA5yQgPvcJuzjiO9BZVIY/qAqhEh6obxuH1oL3IRNrjgyiWd8qlbBZgcSFeNyNFL4r+4aSlH8D+Y98" +
  "dSucW+/E2yfcx0Q/Om9YZ3QPlrd7daqbPBd5Tp/EangridlIIpgtt2EPOEJKtLLuYtvGggpp1/GStmV7Di5/dkg9k1" +
  "jedslhIHsJK5cnxGZVeqq0yhOxvq67zWX4bRnQO/u2KF2NeyM8R957KbFZaBVnKumB2R4fiAFL39emYYvD77bbyQsX" +
  "T4tywZcIi9wykleywBh24KGfoMD/i3rzrAPTysvw6YPt7pe3MiVn548j/3nboZAjVmjw9SYf6j4p0XXC5huC+YcmIT" +
  "JBHlux/+2q0Pzet2bj6U06/AxMHweMIt9nh/yeqXpHqRpuOYxWANtaBymfFELJbGi8t3S6NqLEFQDlH4SffwDt7Yas" +
  "oG7tPgBIExHNh1OQ1QABpAW0CQAAF+r5FLHEZ/sCAAAAAARZWg==",
  "/Td6WFoAAATm1rRGBMGRBbQJCwQAAAEAIQEMADce4LfgBLMCiV0AN4AIHTjZYy7xSTEi+9saoz18IjB3Xa/hl9HiIk" +
  "nAXzUsW+Rz5yXJ6Il7KLM+lyck9DEyV3BKmv1+VxL5cBSDmL2EIMyEjZMQMm6iaDvaX+hco1hrl93LssRVAt/3sxmr" +
  "Zm6VMT/zhgG9zQ660HjGLkEyNvhR6ln1Agw+C4eLHqViMPmf33mUWpnBH6m7LG7c6ryLisiL+xOJSejne7i7ctDH8c" +
  "bLTyjC5MqAHk9Mb/6az1bP+hLGIs8WbwXC8e8WKHrDOZdLqIa876xaza8taopPoTcYQ77wLW13MZrbAjTs9GWM5+pY" +
  "OIQnFzeKqQ3ad5Z5UpXJPvICNqg9Ipo3QnilbJE3h+lJTApHbkLpkJx2ivCSCD9PF9ZBMeu08ZAzdErJcuG5Q5u4u/" +
  "e+XOP901Tw+xMfo7trH8X07y3bcCreMi2K/Ddv7hmtyYGP70BsPxj4SflprYsJUywNz2nGeUNQ53Gf0yC1nwBWhNVV" +
  "Sou45A6BJTdjfTYOzhwFttjjOImnPvTJtz7JOu8AoGFZNsrgMoUjCkbbCKtE264BJMMbcfK6bNh/bT3uLJ6S4z+Wx2" +
  "rXzXObGBKYizW5v2mnnY0ZgUOUMA+Kh+t1T0yDx+zpkKTfRz4tRxvqe+wMbqxX5HM6phkK18x3TPSyTW33riqeGxzq" +
  "Mso1+OSxjfcbhimFU3JONK2LZYrXZmeNvsNqnVZTtqKs8sXk5hOzM1u1rY1AOWJFV/NA+KByDtaIO5MJxpRQ323fxV" +
  "XygH0RYUMWUuYObANtHNpBNEyv0BSoZOh4qdDC0G3ejuKJA1Y2fMWqVLUYvlbnsTq7wpJ/L+4oIskZKe5k/g9K+wTF" +
  "j6tTmz5OVnoT4N9IYAAAAABIExHNh1OQ1QABrQW0CQAA37v2M7HEZ/sCAAAAAARZWg==",
];

Deno.test("decodeXz() undoes the filter for RISC-V, which only new versions of xz know", () => {
  const code = riscVCode();
  for (const stream of RISC_V_STREAMS) {
    assertEquals(decode(Uint8Array.fromBase64(stream)), code);
  }
});
