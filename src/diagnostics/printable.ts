/**
 * Characters that a terminal does not show but obeys, or that make a text look like another one:
 * control characters (C0, C1, ESC among them), line and paragraph separators, and format characters
 * (zero width, direction of writing, tags).
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text as it can be shown on a terminal, on one line, wherever it comes from: names in images,
 * answers of servers, command lines of other processes. What cannot be shown becomes `\x1b`,
 * `\u202e`; a byte that is not UTF-8 `\xff`.
 */
export function printable(text: string): string {
  return replaceUnprintable(text, escapeCharacter);
}

/** As {@link printable}, for whole lines of ours: ends of lines and tabs stay. */
export function printableLines(text: string): string {
  return replaceUnprintable(
    text,
    (character) =>
      character === "\n" || character === "\t" ? character : escapeCharacter(character),
  );
}

/** Replaces what {@link printable} escapes, for formats with escapes of their own. */
export function replaceUnprintable(text: string, by: (character: string) => string): string {
  return text.replace(UNPRINTABLE, by);
}

function escapeCharacter(character: string): string {
  let code = character.codePointAt(0) ?? 0;
  // A byte that was not UTF-8 (losslessText()).
  if (code >= 0xdc80 && code <= 0xdcff) code &= 0xff;
  const digits = code.toString(16);
  if (code < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\u{${digits}}`;
}
