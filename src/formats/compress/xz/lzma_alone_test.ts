import { assert, assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../../../tests/support/requires.ts";
import { CompressionError } from "../compression_error.ts";
import { damaged, filtered, joined, mixedBytes, Random } from "../test_samples.ts";
import { decodeLzmaAlone } from "./lzma_alone.ts";

/** `printf 'lzma lzma lzma lzma lzma' | xz --format=lzma`: without size, with an end marker. */
const MARKED = Uint8Array.fromHex(
  "5d00008000ffffffffffffffff00361e89dd7d4e23a0b60b6bffffb4480000",
);
const TEXT = new TextEncoder().encode("lzma lzma lzma lzma lzma");

/** The same with a size in its header, as squashfs has it. */
function sized(block: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(block);
  new DataView(result.buffer).setBigUint64(5, BigInt(size), true);
  return result;
}

Deno.test("decodeLzmaAlone() stops at the size, or at the marker if there is none", () => {
  assertEquals(decodeLzmaAlone(sized(MARKED, TEXT.length), TEXT.length), TEXT);
  assertEquals(decodeLzmaAlone(sized(MARKED, 4), 100), TEXT.slice(0, 4));
  assertEquals(decodeLzmaAlone(MARKED, TEXT.length), TEXT);
  assertThrows(() => decodeLzmaAlone(sized(MARKED, 25), 100), CompressionError, "unexpected end");
});

Deno.test("decodeLzmaAlone() never gives more than asked for", () => {
  const message = "larger than 23 bytes";
  assertThrows(() => decodeLzmaAlone(sized(MARKED, 24), 23), CompressionError, message);
  assertThrows(() => decodeLzmaAlone(MARKED, 23), CompressionError);
  const huge = sized(MARKED, 2 ** 53);
  assertThrows(() => decodeLzmaAlone(huge, 1 << 20), CompressionError, "larger than 1048576");
});

Deno.test("decodeLzmaAlone() refuses what is cut short, and properties that are none", () => {
  for (let length = 0; length < MARKED.length - 2; length++) {
    assertThrows(
      () => decodeLzmaAlone(MARKED.subarray(0, length), 100),
      CompressionError,
      "unexpected end of data",
    );
  }
  const properties = joined(new Uint8Array([225]), MARKED.subarray(1));
  assertThrows(() => decodeLzmaAlone(properties, 100), CompressionError, "properties");
});

Deno.test({
  ...requiring(
    { programs: ["xz"] },
    "decodeLzmaAlone() reads what xz --format=lzma writes, damaged or not",
  ),
  async fn() {
    const random = new Random(31);
    for (const settings of ["lc=3,lp=0,pb=2", "lc=0,lp=4,pb=4", "lc=4,lp=0,pb=0"]) {
      const sample = mixedBytes(100000);
      const command = ["xz", "--format=lzma", `--lzma1=preset=6,${settings}`, "-c"];
      const block = sized(await filtered(command, sample), sample.length);
      assertEquals(decodeLzmaAlone(block, sample.length), sample);

      const small = sized(await filtered(command, sample.subarray(0, 2000)), 2000);
      for (let count = 0; count < 1000; count++) {
        try {
          assert(decodeLzmaAlone(damaged(small, random), 4000).length <= 4000);
        } catch (error) {
          if (!(error instanceof CompressionError)) throw error;
        }
      }
    }
  },
});
