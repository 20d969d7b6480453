import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decompressStream } from "../stream.ts";
import { chunked, joined, mixedBytes } from "../test_samples.ts";
import { Liblzma, LzmaFault } from "./liblzma.ts";
import { encodeXz } from "./xz_encoder.ts";

const LIMIT = 160 << 20;
const LZMA2 = 0x21;
/** Codes of dictionaries of 128 KiB, 128 MiB and 192 MiB. */
const [SMALL, LARGE, TOO_LARGE] = [10, 30, 31];

/** The coder that the next borrower gets, after a start of filters with that dictionary. */
function started(dictionary: number): Liblzma {
  return [...Liblzma.lent(function* (coder): Generator<Liblzma> {
    coder.startFilters(1, Uint8Array.of(LZMA2, 1, dictionary));
    yield coder;
  })][0] ?? fail();
}

function fail(): never {
  throw new Error("no coder");
}

Deno.test("liblzma.wasm imports nothing, so that it can reach nothing", () => {
  const bytes = Deno.readFileSync(new URL("./liblzma.wasm", import.meta.url));
  assertEquals(WebAssembly.Module.imports(new WebAssembly.Module(bytes)), []);
});

Deno.test("Liblzma is used again, and grows no more with the same work", () => {
  const coder = started(SMALL);
  const size = coder.memorySize;
  for (let count = 0; count < 1000; count++) assertStrictEquals(started(SMALL), coder);
  assertEquals(coder.memorySize, size);
});

Deno.test("Liblzma is let go once it has grown large", () => {
  const coder = started(LARGE);
  assert(coder.memorySize > 128 << 20 && coder.memorySize <= LIMIT);
  assert(started(SMALL) !== coder);
});

Deno.test("Liblzma takes no more memory than its limit, and works on after it was refused", () => {
  const error = assertThrows(() => started(TOO_LARGE), LzmaFault);
  assertEquals(error.reason, "not enough memory");
  assert(started(SMALL).memorySize <= LIMIT);
});

Deno.test("Liblzma is not lent to two at once", () => {
  const lent = () =>
    Liblzma.lent(function* (coder): Generator<Liblzma> {
      yield coder;
    });
  const first = lent();
  const second = lent();
  assert(first.next().value !== second.next().value);
  first.return(undefined);
  second.return(undefined);
});

Deno.test("Liblzma comes back from a stream whose reader leaves early", async () => {
  const coder = started(SMALL);
  const data = encodeXz(mixedBytes(200_000));
  for await (const _chunk of decompressStream(chunked(data, 5000))) break;
  assertStrictEquals(started(SMALL), coder);
});

Deno.test("streams of xz that are read side by side do not disturb each other", async () => {
  const samples = [1, 2].map((seed) => mixedBytes(1_200_000, seed));
  const readers = samples.map((sample) =>
    decompressStream(chunked(encodeXz(sample), 10_000))[Symbol.asyncIterator]()
  );
  const restored = samples.map((): Uint8Array[] => []);
  for (let isDone = false; !isDone;) {
    isDone = true;
    for (const [index, reader] of readers.entries()) {
      const { done, value } = await reader.next();
      if (done) continue;
      isDone = false;
      restored[index]?.push(value);
    }
  }
  for (const [index, sample] of samples.entries()) {
    const whole = joined(...restored[index] ?? []);
    assert(whole.length === sample.length && whole.every((byte, at) => byte === sample[at]));
  }
});
