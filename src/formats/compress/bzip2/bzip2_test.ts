import { assert, assertEquals, assertRejects } from "@std/assert";
import { CompressionError } from "../compression_error.ts";
import { chunked, collected, joined, mixedBytes } from "../test_samples.ts";
import { bunzip2Stream } from "./bzip2_stream.ts";

/** Fields of a stream with one block of the text `a`, to be changed one at a time. */
interface Fields {
  level: number;
  magic: string;
  check: number;
  randomised: number;
  origin: number;
  ranges: string;
  codeCount: number;
  choices: string[];
  choiceCount: number;
  /** Of the words for a run of one, a run of two, and the end, as the deltas that are written. */
  lengths: string;
  /** Those of a second code. */
  otherLengths: string;
  /** Two bits each: 00 and 01 are digits of a run, 10 is the end. */
  symbols: string;
  sum: number;
}

/** The CRC of `a`. */
const CHECK = 0x19939b6b;
const VALID: Fields = {
  level: 1,
  magic: "314159265359",
  check: CHECK,
  randomised: 0,
  origin: 0,
  // Only the byte 0x61.
  ranges: "0000001000000000" + "0100000000000000",
  codeCount: 2,
  choices: ["0"],
  choiceCount: 1,
  lengths: "00010" + "000",
  otherLengths: "00010" + "000",
  symbols: "0010",
  sum: CHECK,
};

function stream(changes: Partial<Fields> = {}): Uint8Array {
  const fields = { ...VALID, ...changes };
  const { level, magic, choices, codeCount } = fields;
  const number = (value: number, length: number) => value.toString(2).padStart(length, "0");
  const hex = (digits: string) =>
    [...digits].map((digit) => number(parseInt(digit, 16), 4)).join("");
  const text = hex("425a68") + number(level + 0x30, 8) + hex(magic) + number(fields.check, 32) +
    number(fields.randomised, 1) + number(fields.origin, 24) + fields.ranges +
    number(codeCount, 3) + number(fields.choiceCount, 15) + choices.join("") +
    fields.lengths + fields.otherLengths + fields.symbols +
    hex("177245385090") + number(fields.sum, 32);
  const bytes = new Uint8Array(Math.ceil(text.length / 8));
  return bytes.map((_, index) => parseInt(text.slice(index * 8, index * 8 + 8).padEnd(8, "0"), 2));
}

async function decompress(input: Uint8Array, size = 1000): Promise<Uint8Array> {
  return await collected(bunzip2Stream(chunked(input, size), { chunkSize: 1 << 20 }));
}

Deno.test("bunzip2Stream() reads a stream made by hand, in pieces of any size", async () => {
  const text = new TextEncoder().encode("aa");
  for (const size of [1000, 7, 1]) {
    assertEquals(await decompress(joined(stream(), stream()), size), text);
    assertEquals(await decompress(joined(stream(), stream(), new Uint8Array(9)), size), text);
  }
  // More choices than there are groups mean nothing, however many.
  const many = { choices: new Array(0x7fff).fill("0"), choiceCount: 0x7fff };
  assertEquals(await decompress(stream(many)), text.subarray(1));
  // A code that no choice is may be impossible.
  assertEquals(await decompress(stream({ otherLengths: "00001" + "000" })), text.subarray(1));
});

Deno.test("bunzip2Stream() minds every field", async () => {
  const refused: [Partial<Fields>, string][] = [
    [{ level: 0 }, "impossible size of blocks"],
    [{ level: 10 }, "impossible size of blocks"],
    [{ magic: "314159265358" }, "malformed start of a block"],
    [{ check: CHECK + 1 }, "incorrect check of a block"],
    [{ sum: CHECK + 1 }, "incorrect check of a stream"],
    [{ randomised: 1 }, "randomised blocks, as of bzip2 0.9.0, are not supported"],
    [{ origin: 1 }, "malformed header"],
    [{ ranges: "0".repeat(16) }, "malformed header"],
    [{ codeCount: 1 }, "malformed header"],
    [{ codeCount: 7 }, "malformed header"],
    [{ choiceCount: 0 }, "malformed header"],
    [{ choices: ["110"] }, "malformed header"],
    [{ lengths: "00000" + "000" }, "malformed header"],
    [{ lengths: "10101" + "000" }, "malformed header"],
    [{ lengths: "00001" + "11" + "0".repeat(8) }, "malformed header"],
    [{ lengths: "10100" + "10" + "0".repeat(8) }, "malformed header"],
    // Three words of one bit.
    [{ lengths: "00001" + "000" }, "impossible code lengths"],
    [{ symbols: "11" }, "unknown code word"],
    [{ symbols: "10" }, "malformed header"],
    [{ symbols: "00".repeat(17) + "10" }, "a block is larger than its stream says"],
    [{ symbols: "01".repeat(40) + "10" }, "a block is larger than its stream says"],
    [{ symbols: "01".repeat(60) }, "a block is larger than its stream says"],
  ];
  for (const [changes, message] of refused) {
    const error = await assertRejects(() => decompress(stream(changes)), CompressionError);
    assert(error.message.includes(message), `${JSON.stringify(changes)}: ${error.message}`);
  }
});

Deno.test("bunzip2Stream() takes no memory for what a stream only says", async () => {
  const empty = new Uint8Array([
    ...stream().subarray(0, 4),
    0x17,
    0x72,
    0x45,
    0x38,
    0x50,
    0x90,
    0,
    0,
    0,
    0,
  ]);
  const start = performance.now();
  assertEquals(
    await decompress(joined(...new Array(20_000).fill(empty)), 1 << 20),
    new Uint8Array(),
  );
  const single = stream();
  const bytes = await decompress(joined(...new Array(3000).fill(single)), 1 << 20);
  assertEquals(bytes.length, 3000);
  assert(performance.now() - start < 20_000);
});

Deno.test("bunzip2Stream() refuses what is no bzip2 at all", async () => {
  for (const input of [mixedBytes(100), new TextEncoder().encode("BZhallo Welt, dies ist Text")]) {
    await assertRejects(() => decompress(input), CompressionError);
  }
  await assertRejects(() => decompress(new Uint8Array()), CompressionError, "unexpected end");
});
