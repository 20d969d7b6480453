import { assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../../../tests/support/requires.ts";
import { CompressionError } from "../compression_error.ts";
import { filtered, joined, mixedBytes } from "../test_samples.ts";
import { decodeLzo } from "./lzo_decoder.ts";
import { encodeLzo } from "./lzo_encoder.ts";

const END = [0x11, 0, 0];
const ascii = new TextEncoder();

Deno.test("decodeLzo() reads every kind of instruction", () => {
  const run = (text: string) => [text.length - 3, ...ascii.encode(text)];
  const cases: [string, number[], string][] = [
    ["nothing", [], ""],
    ["first literals", [17 + 5, ...ascii.encode("first")], "first"],
    ["few first literals and a match of two", [17 + 2, 97, 98, 0x04, 0], "abab"],
    ["a run", run("a run"), "a run"],
    ["a long run", [0, 0, 2, ...ascii.encode("x".repeat(275))], "x".repeat(275)],
    ["a match of 3 to 4", [...run("abcd"), 0x40 | 3 << 2, 0], "abcdabc"],
    ["a match of 5 to 8", [...run("abcd"), 0xe0 | 3 << 2, 0], "abcdabcdabcd"],
    ["a near match", [...run("abcd"), 0x20 | 4, 3 << 2, 0], "abcdabcdab"],
    ["a long near match", [...run("abcd"), 0x20, 9, 0, 0], "abcd" + "d".repeat(42)],
    ["literals after a match", [...run("abcd"), 0x40 | 3 << 2 | 2, 0, 121, 122], "abcdabcyz"],
    ["two bytes after literals", [...run("abcd"), 0x4d, 0, 121, 0x0c, 0], "abcdabcyab"],
  ];
  for (const [name, instructions, text] of cases) {
    const block = new Uint8Array([...instructions, ...END]);
    assertEquals(decodeLzo(block, 1000), ascii.encode(text), name);
  }
});

Deno.test("decodeLzo() reads far matches, and those of three bytes after a run", () => {
  const sample = mixedBytes(0xbfff);
  const run = [0, ...new Array(192).fill(0), 0xbfff - 18 - 192 * 255, ...sample];
  const decoded = (...match: number[]) => {
    const block = new Uint8Array([...run, ...match, ...END]);
    return decodeLzo(block, 1 << 16).subarray(sample.length);
  };
  assertEquals(decoded(0x10 | 8 | 2, 0xfc, 0xff), sample.slice(0, 4));
  assertEquals(decoded(0x10 | 1, 1 << 2, 0), sample.slice(-0x4001).slice(0, 3));
  assertEquals(decoded(0x04, 2), sample.slice(-0x801 - 9).slice(0, 3));
});

Deno.test("decodeLzo() refuses matches that begin before the data", () => {
  const block = (distance: number) =>
    new Uint8Array([17 + 4, 1, 2, 3, 4, 0x40 | (distance - 1) << 2, 0, ...END]);
  assertEquals(decodeLzo(block(4), 100), new Uint8Array([1, 2, 3, 4, 1, 2, 3]));
  assertThrows(() => decodeLzo(block(5), 100), CompressionError, "before the data");
});

Deno.test("decodeLzo() wants the mark of the end at the end", () => {
  const block = [17 + 4, 1, 2, 3, 4, ...END];
  assertEquals(decodeLzo(new Uint8Array(block), 100), new Uint8Array([1, 2, 3, 4]));
  assertThrows(() => decodeLzo(new Uint8Array([...block, 0]), 100), CompressionError, "follows");
  assertThrows(() => decodeLzo(new Uint8Array(5000), 100), CompressionError, "unexpected end");
});

Deno.test({
  ...requiring({ programs: ["lzop"] }, "decodeLzo() reads what lzop writes"),
  async fn() {
    const sample = mixedBytes(600000);
    for (const level of ["-1", "-3", "-9"]) {
      const file = await filtered(["lzop", level, "-F", "-c"], sample);
      // A header that ends with the length and bytes of a name and a sum, then blocks behind their
      // length, their compressed length and, if the header says so, a sum; then a length of zero.
      const view = new DataView(file.buffer);
      const blockHeader = (view.getUint32(17) & 1) === 1 ? 12 : 8;
      let at = 34 + (file[33] ?? 0) + 4;
      const blocks = [];
      for (let size; (size = view.getUint32(at)) !== 0;) {
        const compressed = view.getUint32(at + 4);
        at += blockHeader;
        blocks.push(decodeLzo(file.subarray(at, at + compressed), size));
        at += compressed;
      }
      assertEquals(joined(...blocks), sample);
    }
  },
});

Deno.test({
  ...requiring({ programs: ["lzop"] }, "encodeLzo() writes what lzop reads"),
  async fn() {
    const sample = mixedBytes(600000);
    const empty = await filtered(["lzop", "-1", "-F", "-c"], new Uint8Array());
    const parts = [empty.slice(0, -4)];
    for (let at = 0; at < sample.length; at += 1 << 18) {
      const part = sample.subarray(at, at + (1 << 18));
      const block = encodeLzo(part);
      const lengths = new DataView(new ArrayBuffer(8));
      lengths.setUint32(0, part.length);
      lengths.setUint32(4, block.length);
      parts.push(new Uint8Array(lengths.buffer), new Uint8Array(block));
    }
    parts.push(new Uint8Array(4));
    assertEquals(await filtered(["lzop", "-d", "-c"], joined(...parts)), sample);
  },
});
