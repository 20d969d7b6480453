import { assert, assertEquals, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import { isInstalled, type ProgramName, requiring } from "../../../tests/support/requires.ts";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { compressBlock } from "./compress_block.ts";
import { CompressionError } from "./compression_error.ts";
import { decompressStream } from "./stream.ts";
import {
  chunked,
  collected,
  damaged,
  filtered,
  joined,
  mixedBytes,
  Random,
} from "./test_samples.ts";

const DATA = mixedBytes(300000);
const MORE = mixedBytes(20000, 2);
const CHUNK_SIZES = [1 << 20, 4096, 61];
/** What bzip2 makes of `hello` and a line end. */
const HELLO_BZIP2 = "QlpoOTFBWSZTWcHAgOIAAAFBAAAQAkSgADDNAMNGKZcXckU4UJDBwIDi";
const SKIPPABLE = new Uint8Array([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

const compressors: Record<string, (data: Uint8Array) => Uint8Array> = {
  gzip: (data) => gzipSync(data),
  zstd: (data) => zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  xz: (data) => compressBlock("xz", data),
  // Nothing that is always there writes it.
  ...(isInstalled("bzip2") ? { bzip2 } : {}),
};

function bzip2(data: Uint8Array): Uint8Array {
  const { stdout } = spawnSync("bzip2", ["-c"], { input: data, maxBuffer: 1 << 30 });
  return new Uint8Array(stdout);
}

async function decompressed(data: Uint8Array, chunkSize = 1 << 16): Promise<Uint8Array> {
  return await collected(decompressStream(chunked(data, chunkSize)));
}

for (const [name, compress] of Object.entries(compressors)) {
  const data = compress(DATA);
  const more = compress(MORE);

  Deno.test(`decompressStream() reads ${name} in chunks of any size`, async () => {
    for (const size of CHUNK_SIZES) assertEquals(await decompressed(data, size), DATA);
    assertEquals(await decompressed(compress(new Uint8Array([7])), 1), new Uint8Array([7]));
    assertEquals(await decompressed(compress(new Uint8Array())), new Uint8Array());
  });

  Deno.test(`decompressStream() reads ${name} of several parts`, async () => {
    const parts = joined(data, compress(new Uint8Array()), more, data);
    for (const size of CHUNK_SIZES) {
      assertEquals(await decompressed(parts, size), joined(DATA, MORE, DATA));
    }
  });

  Deno.test(`decompressStream() refuses ${name} cut short anywhere`, async () => {
    const short = compress(MORE.subarray(0, 60));
    const lengths = Array.from({ length: short.length - 6 }, (_, index) => index + 6);
    for (const length of lengths) {
      const cut = joined(short.subarray(0, length));
      await assertRejects(() => decompressed(cut), CompressionError, "unexpected end of data");
      await assertRejects(
        () => decompressed(joined(more, short.subarray(0, length - 5)), 100),
        CompressionError,
        "unexpected end of data",
      );
    }
    assertEquals(await decompressed(joined(more, short)), joined(MORE, MORE.subarray(0, 60)));
    for (const length of [data.length - 1, data.length >> 1]) {
      const cut = data.subarray(0, length);
      await assertRejects(() => decompressed(cut), CompressionError, "unexpected end of data");
    }
  });

  Deno.test(`decompressStream() refuses something else behind ${name}`, async () => {
    for (const size of CHUNK_SIZES) {
      for (const rest of [MORE, new TextEncoder().encode("garbage")]) {
        await assertRejects(() => decompressed(joined(more, rest), size), CompressionError);
      }
    }
  });

  Deno.test(`decompressStream() survives hundreds of damaged ${name} streams`, async () => {
    const random = new Random(99);
    for (let count = 0; count < 400; count++) {
      const stream = damaged(
        count % 2 === 0 ? more : joined(more, compress(DATA.subarray(0, 99))),
        random,
      );
      try {
        await decompressed(stream, 1 + random.below(8000));
      } catch (error) {
        if (!(error instanceof CompressionError)) throw error;
      }
    }
  });

  Deno.test(`decompressStream() notices damaged contents of ${name} by the check`, async () => {
    const broken = new Uint8Array(compress(new Random(3).bytes(5000)));
    broken[2500] = ~(broken[2500] ?? 0);
    await assertRejects(() => decompressed(broken), CompressionError, `Cannot decompress ${name}`);
  });

  Deno.test(`decompressStream() asks for no more ${name} than its reader takes`, async () => {
    const bomb = compress(new Uint8Array(32 << 20));
    const parts = joined(...new Array(8).fill(bomb));
    const chunkSize = Math.ceil(bomb.length / 4);
    let asked = 0;
    const source = async function* () {
      for await (const chunk of chunked(parts, chunkSize)) {
        asked += chunk.length;
        yield chunk;
      }
    };
    let length = 0;
    for await (const chunk of decompressStream(source())) {
      assert(chunk.length <= 2 << 20);
      length += chunk.length;
      // What was asked for, and not read yet, is at most a few chunks.
      assert(asked <= (length / (32 << 20)) * bomb.length + 4 * chunkSize);
    }
    assertEquals(length, 8 * (32 << 20));
  });

  Deno.test(`decompressStream() closes its ${name} source when its reader leaves early`, async () => {
    let isClosed = false;
    const source = async function* () {
      try {
        yield* chunked(data, 1000);
      } finally {
        isClosed = true;
      }
    };
    for await (const chunk of decompressStream(source())) {
      assert(chunk.length > 0);
      break;
    }
    assert(isClosed);
  });

  Deno.test(`decompressStream() lets errors of its ${name} source through`, async () => {
    const failure = new Error("the connection broke");
    const source = async function* () {
      yield* chunked(data.subarray(0, 5000), 1000);
      throw failure;
    };
    const error = await assertRejects(() => collected(decompressStream(source())));
    assertEquals(error, failure);
  });
}

Deno.test("decompressStream() passes plain data through as they are", async () => {
  const chunks = await Array.fromAsync(decompressStream(chunked(DATA, 10000)));
  assertEquals(chunks.length, 30);
  assertEquals(joined(...chunks), DATA);
  for (const short of [new Uint8Array(), new Uint8Array([0x1f]), new Uint8Array([1, 2, 3])]) {
    assertEquals(await decompressed(short, 1), short);
  }
});

Deno.test("decompressStream() passes over empty chunks", async () => {
  const source = async function* () {
    for await (const chunk of chunked(gzipSync(DATA), 1)) {
      yield new Uint8Array();
      yield chunk;
    }
  };
  assertEquals(await collected(decompressStream(source())), DATA);
});

Deno.test("decompressStream() gives large chunks for small ones", async () => {
  const data = new Uint8Array(10 << 20);
  for (const compress of Object.values(compressors)) {
    const chunks = await Array.fromAsync(decompressStream(chunked(compress(data), 512)));
    assert(chunks.length <= 12, `${chunks.length} chunks`);
  }
});

Deno.test("decompressStream() takes zeros behind gzip, and nothing behind the zeros", async () => {
  const padded = joined(gzipSync(MORE), new Uint8Array(700));
  for (const size of [1 << 20, 100, 1]) {
    assertEquals(await decompressed(padded, size), MORE);
    for (const rest of [new Uint8Array([1]), gzipSync(MORE)]) {
      await assertRejects(
        () => decompressed(joined(padded, rest), size),
        CompressionError,
        "something else follows",
      );
    }
  }
});

Deno.test("decompressStream() passes over skippable zstd frames wherever they are", async () => {
  const frame = zstdCompressSync(MORE);
  const data = joined(SKIPPABLE, SKIPPABLE, frame, SKIPPABLE, frame, SKIPPABLE);
  for (const size of [1 << 20, 100, 1]) {
    assertEquals(await decompressed(data, size), joined(MORE, MORE));
  }
  assertEquals(await decompressed(SKIPPABLE), new Uint8Array());
  await assertRejects(() => decompressed(data.subarray(0, -1)), CompressionError, "unexpected end");
});

Deno.test("decompressStream() reads thousands of small zstd frames", async () => {
  const frame = zstdCompressSync(MORE.subarray(0, 100));
  const data = joined(...new Array(5000).fill(frame));
  assertEquals((await decompressed(data)).length, 500000);
});

Deno.test("decompressStream() takes zeros between and behind xz streams, by fours", async () => {
  const stream = compressBlock("xz", MORE);
  const data = joined(stream, new Uint8Array(8), stream, new Uint8Array(400));
  for (const size of [1 << 20, 100, 1]) {
    assertEquals(await decompressed(data, size), joined(MORE, MORE));
  }
  const uneven = joined(data, new Uint8Array(3));
  await assertRejects(() => decompressed(uneven), CompressionError, "unexpected end");
});

Deno.test("decompressStream() takes zeros behind bzip2, and nothing behind the zeros", async () => {
  // This machine may have no program for it.
  const hello = Uint8Array.fromBase64(HELLO_BZIP2);
  const text = new TextEncoder().encode("hello\n");
  const padded = joined(hello, hello, new Uint8Array(700));
  for (const size of [1 << 20, 100, 1]) {
    assertEquals(await decompressed(padded, size), joined(text, text));
    for (const rest of [new Uint8Array([1]), hello]) {
      await assertRejects(
        () => decompressed(joined(padded, rest), size),
        CompressionError,
        "something else follows",
      );
    }
  }
});

const PROGRAMS: [ProgramName, ...string[]][] = [
  ["gzip", "-1"],
  ["gzip", "-9"],
  ["pigz", "-b", "128", "-p", "3"],
  ["zstd", "-1", "--no-check"],
  ["zstd", "-19", "--long=27"],
  ["bzip2", "-1"],
  ["bzip2", "-9"],
  ["pbzip2", "-b1", "-p3"],
  ["lbzip2", "-n3"],
  ["xz", "-0"],
  ["xz", "-6", "--check=crc32"],
  ["xz", "-6", "--check=sha256", "--block-size=100000"],
  ["xz", "-3", "--check=none", "--block-size=1000000", "-T2"],
  ["xz", "--x86", "--lzma2=preset=1,lc=0,lp=2,pb=0"],
  ["xz", "--lzma2=preset=3,dict=64KiB,lc=4,pb=4"],
];

for (const command of PROGRAMS) {
  const [program] = command;
  Deno.test({
    ...requiring(
      { programs: [program] },
      `decompressStream() reads what \`${command.join(" ")}\` writes`,
    ),
    async fn() {
      // Compressible, incompressible, and with matches as far back as dictionaries reach.
      const data = joined(DATA, new Random(4).bytes(1 << 20), DATA, new Uint8Array(3 << 20), DATA);
      const stream = await filtered([...command, "-c"], data);
      const restored = await decompressed(stream);
      assert(restored.length === data.length && restored.every((byte, at) => byte === data[at]));
    },
  });
}
