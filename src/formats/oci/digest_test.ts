import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { DigestBuilder, digestOf, isDigest, parseDigest } from "./digest.ts";

const BYTES = new TextEncoder().encode("abc");
// FIPS 180-2, appendices B.1 and C.1.
const SHA256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" as const;
const SHA512 = "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

Deno.test("digests are computed by the algorithm of the one expected, and by SHA-256 without", () => {
  assertEquals(digestOf(BYTES), SHA256);
  for (const digest of [SHA256, SHA512]) {
    const expected = parseDigest(digest);
    assertEquals(digestOf(BYTES, expected), digest);
    const builder = new DigestBuilder(expected);
    for (const byte of BYTES) builder.update(Uint8Array.of(byte));
    assertEquals([builder.size, builder.finish()], [3, expected]);
  }
});

Deno.test("isDigest() takes nothing but digests that can be verified", () => {
  const hex = SHA256.slice(7);
  const others = ["", "sha256:", `sha256:${hex}0`, `sha512:${hex}`, `md5:${hex}`, `../${SHA256}`];
  for (const text of [...others, SHA512.slice(0, -1), SHA256.toUpperCase(), `${SHA256}\n`]) {
    assertEquals(isDigest(text), false);
    assertThrows(() => parseDigest(text), EnrootError, "neither sha256:HEX nor sha512:HEX");
  }
});
