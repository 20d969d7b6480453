import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../../diagnostics/mod.ts";
import { parseSquashfsOptions } from "./options.ts";

Deno.test("no squashfs options mean -comp zstd -noD", () => {
  assertEquals(parseSquashfsOptions([]), parseSquashfsOptions(["-comp", "zstd", "-noD"]));
  assertEquals(parseSquashfsOptions([]).compressData, false);
});

Deno.test("given squashfs options replace the default as a whole, as with mksquashfs", () => {
  const options = parseSquashfsOptions(["-comp", "lzo", "-exit-on-error"]);
  assertEquals(options.compression, "lzo");
  assertEquals(options.compressData, true);
});

Deno.test("every squashfs option has its effect", () => {
  const words =
    "-comp gzip -Xcompression-level 9 -b 1M -noI -noD -noF -noX -always-use-fragments " +
    "-no-duplicates -no-exports -no-xattrs -all-root -mkfs-time 7 -all-time 8 -processors 3 " +
    "-mem 64M -exit-on-error -no-progress -quiet";
  assertEquals(parseSquashfsOptions(words.split(" ")), {
    compression: "gzip",
    level: 9,
    blockSize: 1 << 20,
    compressInodes: false,
    compressIds: false,
    compressData: false,
    compressFragments: false,
    compressXattrs: false,
    fragments: "always",
    shareDuplicates: false,
    exportable: false,
    keepXattrs: false,
    allRoot: true,
    modificationTime: 7,
    allTime: 8,
    processors: 3,
    memory: 64 << 20,
  });
});

Deno.test("-no-compression compresses nothing, -noId nothing but ids", () => {
  const compressed = (words: string) => {
    const { compressInodes, compressIds, compressData, compressFragments, compressXattrs } =
      parseSquashfsOptions(words.split(" "));
    return [compressInodes, compressIds, compressData, compressFragments, compressXattrs];
  };
  assertEquals(compressed("-no-compression"), [false, false, false, false, false]);
  assertEquals(compressed("-noId"), [true, false, true, true, true]);
});

for (const [size, bytes] of [["4096", 4096], ["4K", 4096], ["1m", 1 << 20], ["128k", 131072]]) {
  Deno.test(`-b ${size} is a block size`, () => {
    assertEquals(parseSquashfsOptions(["-b", `${size}`]).blockSize, bytes);
  });
}

for (
  const words of [
    "-b 2048",
    "-b 2M",
    "-b 5000",
    "-b",
    "-b 0x1000",
    "-comp lzma",
    "-comp constructor",
    "-Xcompression-level 0",
    "-Xcompression-level 23",
    "-comp gzip -Xcompression-level 10",
    "-comp xz -Xcompression-level 1",
    "-comp lz4 -Xcompression-level 1",
    "-mkfs-time 4294967296",
    "-all-time now",
    "-processors 0",
    "-mem lots",
    "-Xhc",
    "-ef file",
    "toString",
    "--help",
    "",
  ]
) {
  Deno.test(`squashfs option ${JSON.stringify(words)} is refused by name`, () => {
    const name = words.split(" ").findLast((word) => !/^[0-9a-z]/.test(word)) ?? words;
    assertThrows(() => parseSquashfsOptions(words.split(" ")), EnrootError, `option ${name}`);
  });
}

for (const words of ["-comp gzip -Xcompression-level 9", "-Xcompression-level 22 -comp zstd"]) {
  Deno.test(`squashfs options ${words} are taken`, () => {
    parseSquashfsOptions(words.split(" "));
  });
}
