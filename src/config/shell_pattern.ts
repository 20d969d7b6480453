/** Whether one character (code point) is what a place of a pattern stands for. */
type CharacterTest = (character: string) => boolean;

/** A character of a pattern; a quoted one stands for itself. */
interface PatternCharacter {
  character: string;
  quoted: boolean;
}

/** Where a match is, as indexes of characters. */
export interface Match {
  start: number;
  end: number;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[\p{L}\p{Nd}]/u,
  alpha: /\p{L}/u,
  blank: /[ \t]/,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[^\p{Z}\p{C}]/u,
  lower: /\p{Ll}/u,
  print: /[^\p{C}]/u,
  punct: /[\p{P}\p{S}]/u,
  space: /\s/,
  upper: /\p{Lu}/u,
  word: /[\p{L}\p{Nd}_]/u,
  xdigit: /[0-9A-Fa-f]/,
};

/** A `[` that no `]` follows so soon stands for itself. */
const MAX_BRACKET = 1024;

/**
 * A pattern as the shell's `case` and `${NAME%pattern}` have it (bash(1), "Pattern Matching", without
 * extglob): `*`, `?` and `[…]`.
 *
 * Every method takes time that grows with the text times the pattern, whatever they are: what
 * stands between two `*` has a fixed length, and finding each such segment at its first place (the
 * last one, where the match shall be long, at its last) leaves most room for those after it.
 */
export class ShellPattern {
  readonly #segments: readonly CharacterTest[][];

  constructor(segments: readonly CharacterTest[][]) {
    this.#segments = segments;
  }

  /** The end of a match that starts where the text does. */
  matchStart(text: readonly string[], longest: boolean): number | undefined {
    return matchAt(this.#segments, { text, start: 0, longest });
  }

  /** The start of a match that ends where the text does. */
  matchEnd(text: readonly string[], longest: boolean): number | undefined {
    const mirrored = this.#segments.map((segment) => segment.toReversed()).reverse();
    const end = matchAt(mirrored, { text: text.toReversed(), start: 0, longest });
    return end === undefined ? undefined : text.length - end;
  }

  /** The first match from here on, as long as it can be. */
  find(text: readonly string[], from: number): Match | undefined {
    // If what follows does not fit behind the first place of the first segment, it fits nowhere.
    const start = firstPlace(this.#segments[0] ?? [], text, from);
    if (start === undefined) return undefined;
    const end = matchAt(this.#segments, { text, start, longest: true });
    return end === undefined ? undefined : { start, end };
  }
}

function matchAt(
  segments: readonly CharacterTest[][],
  { text, start, longest }: { text: readonly string[]; start: number; longest: boolean },
): number | undefined {
  const [first = [], ...rest] = segments;
  if (!fits(first, text, start)) return undefined;
  let at = start + first.length;
  for (const [index, segment] of rest.entries()) {
    const place = longest && index === rest.length - 1
      ? lastPlace(segment, text, at)
      : firstPlace(segment, text, at);
    if (place === undefined) return undefined;
    at = place + segment.length;
  }
  return at;
}

function fits(segment: readonly CharacterTest[], text: readonly string[], at: number): boolean {
  if (at + segment.length > text.length) return false;
  return segment.every((test, index) => test(text[at + index] ?? ""));
}

function firstPlace(
  segment: readonly CharacterTest[],
  text: readonly string[],
  from: number,
): number | undefined {
  for (let at = from; at + segment.length <= text.length; at++) {
    if (fits(segment, text, at)) return at;
  }
  return undefined;
}

function lastPlace(
  segment: readonly CharacterTest[],
  text: readonly string[],
  from: number,
): number | undefined {
  for (let at = text.length - segment.length; at >= from; at--) {
    if (fits(segment, text, at)) return at;
  }
  return undefined;
}

/** Puts a pattern together from what is quoted in it and what is not. */
export class PatternBuilder {
  readonly #characters: PatternCharacter[] = [];

  quoted(text: string): void {
    for (const character of text) this.#characters.push({ character, quoted: true });
  }

  unquoted(text: string): void {
    // Values of variables may hold backslashes.
    for (const [character] of text.matchAll(/\\[^]|[^]/gu)) {
      if (character.length > 1 && character.startsWith("\\")) this.quoted(character.slice(1));
      else this.#characters.push({ character, quoted: false });
    }
  }

  get isEmpty(): boolean {
    return this.#characters.length === 0;
  }

  finish(): ShellPattern {
    const segments: CharacterTest[][] = [[]];
    let at = 0;
    while (at < this.#characters.length) {
      const { character, quoted } = this.#characters[at++] ?? { character: "", quoted: true };
      const bracket = character === "[" && !quoted ? readBracket(this.#characters, at) : undefined;
      if (character === "*" && !quoted) {
        segments.push([]);
      } else if (character === "?" && !quoted) {
        segments.at(-1)?.push(() => true);
      } else if (bracket !== undefined) {
        segments.at(-1)?.push(bracket.test);
        at = bracket.end;
      } else {
        segments.at(-1)?.push((found) => found === character);
      }
    }
    return new ShellPattern(segments);
  }
}

/** Reads a bracket expression from behind its `[`; undefined if none ends it. */
function readBracket(
  characters: readonly PatternCharacter[],
  start: number,
): { test: CharacterTest; end: number } | undefined {
  const is = (at: number, wanted: string) => {
    const found = characters[at];
    return found !== undefined && !found.quoted && found.character === wanted;
  };
  let at = start;
  const negated = is(at, "!") || is(at, "^");
  if (negated) at++;
  const tests: CharacterTest[] = [];
  const first = at;
  const limit = Math.min(characters.length, start + MAX_BRACKET);
  while (at < limit) {
    // A bracket that comes first stands for itself.
    if (is(at, "]") && at > first) {
      const test = (found: string) => tests.some((each) => each(found)) !== negated;
      return { test, end: at + 1 };
    }
    const from = characters[at]?.character ?? "";
    const named = is(at, "[") && is(at + 1, ":") ? readClass(characters, at + 2) : undefined;
    if (named !== undefined) {
      tests.push((found) => named.pattern.test(found));
      at = named.end;
    } else if (is(at + 1, "-") && at + 2 < characters.length && !is(at + 2, "]")) {
      const [low, high] = [codePoint(from), codePoint(characters[at + 2]?.character ?? "")];
      tests.push((found) => low <= codePoint(found) && codePoint(found) <= high);
      at += 3;
    } else {
      tests.push((found) => found === from);
      at++;
    }
  }
  return undefined;
}

/** Reads `name:]`. */
function readClass(
  characters: readonly PatternCharacter[],
  start: number,
): { pattern: RegExp; end: number } | undefined {
  const ahead = characters.slice(start, start + 8).map(({ character }) => character).join("");
  const name = /^([a-z]+):\]/.exec(ahead)?.[1] ?? "";
  const pattern = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  return pattern === undefined ? undefined : { pattern, end: start + name.length + 2 };
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
