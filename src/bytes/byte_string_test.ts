import { assertEquals } from "@std/assert";
import { byteStringFromText, losslessText, textFromByteString } from "./byte_string.ts";

Deno.test("losslessText() is the text where there is one", () => {
  for (const text of ["", "plain", "Jörg", "日本語", "😀", "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}"]) {
    assertEquals(losslessText(byteStringFromText(text)), text);
  }
});

Deno.test("byteStringFromText() gives every byte back that losslessText() was given", () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
  const strings = [
    all,
    "J\xf6rg",
    "\xff\xfe",
    "J\xc3\xb6\xf6\xc3",
    "\xed\xa0\x80", // A surrogate.
    "\xc0\xaf\xe0\x80\x80\xf0\x80\x80\x80", // Longer than they need be.
    "\xf4\x90\x80\x80", // Beyond U+10FFFF.
    "\xf0\x9f\x98\x80\xf0\x9f\x98",
    "\xef\xbb\xbfmark",
  ];
  for (const bytes of strings) {
    const text = losslessText(bytes);
    assertEquals(byteStringFromText(text), bytes);
    assertEquals(text.isWellFormed(), !textFromByteString(bytes).includes("\\x"));
  }
});

Deno.test("losslessText() escapes none but the bytes that are not UTF-8", () => {
  assertEquals(losslessText("J\xf6r\xc3\xb6"), "J\udcf6rö");
  assertEquals(byteStringFromText("😀\udcf6"), "\xf0\x9f\x98\x80\xf6");
});
