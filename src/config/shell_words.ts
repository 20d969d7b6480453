import { EnrootError } from "../diagnostics/mod.ts";
import type { ConditionalOperation, Operation, Word, WordPart } from "./word.ts";

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const USER = /[A-Za-z0-9_.-]*/y;
const CONDITION = /(:?)([-=+?])/y;
const CONDITIONS: Readonly<Record<string, ConditionalOperation["kind"]>> = {
  "-": "default",
  "=": "assign",
  "+": "alternative",
  "?": "require",
};
const BLANKS = " \t";
/** Nested `${A:-${B:-…}}` deeper than this is no configuration of a site. */
const MAX_DEPTH = 32;

/**
 * Reads a list of shell words (POSIX.1 XCU 2.2 to 2.6, bash(1) "Parameter Expansion"): quotes,
 * backslash, `~`, `$NAME`, `${NAME…}`, `$(command)`, backquotes and `$((…))`. A `#` at the start of
 * a word begins a comment.
 *
 * @throws EnrootError saying what is malformed, or is an expansion that only bash has, without the
 *   file it is in.
 */
export function parseWords(text: string): Word[] {
  const words: Word[] = [];
  const scanner: Scanner = { text, at: 0, depth: 0 };
  for (;;) {
    while (isOneOf(peek(scanner), BLANKS)) scanner.at++;
    if (scanner.at >= text.length || peek(scanner) === "#") return words;
    words.push(parseWord(scanner, { ends: BLANKS, place: "line" }));
  }
}

interface Scanner {
  readonly text: string;
  at: number;
  depth: number;
}

/** What a word is part of. */
interface Context {
  /** Characters that end the word where they are not quoted. */
  ends: string;
  /** In braces inside double quotes, single quotes are letters like any other. */
  place: "line" | "braces" | "quoted braces";
}

function peek(scanner: Scanner): string {
  return scanner.text[scanner.at] ?? "";
}

function isOneOf(char: string, chars: string): boolean {
  return char !== "" && chars.includes(char);
}

/** Takes what the sticky pattern matches here, if it does. */
function take(scanner: Scanner, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = scanner.at;
  const match = pattern.exec(scanner.text);
  if (match === null) return undefined;
  scanner.at += match[0].length;
  return match;
}

function takeText(scanner: Scanner, text: string): boolean {
  if (!scanner.text.startsWith(text, scanner.at)) return false;
  scanner.at += text.length;
  return true;
}

function parseWord(scanner: Scanner, context: Context): Word {
  const { ends, place } = context;
  const parts: Word = [];
  const start = scanner.at;
  while (scanner.at < scanner.text.length && !isOneOf(peek(scanner), ends)) {
    const char = peek(scanner);
    scanner.at++;
    if (char === "'" && place !== "quoted braces") {
      addText(parts, takeUntil(scanner, "'"), true);
    } else if (char === "\\") {
      parseBackslash(scanner, { parts, escapable: place === "quoted braces" ? '$`"\\}' : "" });
    } else if (char === '"') {
      parseDoubleQuotes(scanner, parts);
    } else if (char === "$") {
      parseDollar(scanner, { parts, quoted: false });
    } else if (char === "`") {
      parts.push({ kind: "command", command: takeUntil(scanner, "`"), quoted: false });
    } else if (char === "~" && scanner.at - 1 === start && place !== "quoted braces") {
      parseTilde(scanner, { parts, ends });
    } else if (place === "line" && isOneOf(char, ";&|<>()")) {
      throw new EnrootError(`unquoted ${char}`);
    } else {
      addText(parts, char, false);
    }
  }
  return parts;
}

function addText(parts: Word, text: string, quoted: boolean): void {
  const last = parts.at(-1);
  if (last?.kind === "text" && last.quoted === quoted) last.text += text;
  else parts.push({ kind: "text", text, quoted });
}

function takeUntil(scanner: Scanner, quote: string): string {
  const end = scanner.text.indexOf(quote, scanner.at);
  if (end === -1) throw new EnrootError(`unterminated ${quote}`);
  const taken = scanner.text.slice(scanner.at, end);
  scanner.at = end + 1;
  return taken;
}

/** @param to.escapable the characters that a backslash quotes; all if empty */
function parseBackslash(scanner: Scanner, to: { parts: Word; escapable: string }): void {
  const escaped = peek(scanner);
  scanner.at++;
  const keep = to.escapable !== "" && !isOneOf(escaped, to.escapable);
  addText(to.parts, keep ? `\\${escaped}` : escaped, true);
}

function parseDoubleQuotes(scanner: Scanner, parts: Word): void {
  // Quotes make a word even if there is nothing in them.
  addText(parts, "", true);
  for (;;) {
    const char = peek(scanner);
    scanner.at++;
    switch (char) {
      case "":
        throw new EnrootError('unterminated "');
      case '"':
        return;
      case "\\":
        parseBackslash(scanner, { parts, escapable: '$`"\\' });
        break;
      case "$":
        parseDollar(scanner, { parts, quoted: true });
        break;
      case "`":
        parts.push({ kind: "command", command: takeUntil(scanner, "`"), quoted: true });
        break;
      default:
        addText(parts, char, true);
    }
  }
}

function parseTilde(scanner: Scanner, { parts, ends }: { parts: Word; ends: string }): void {
  const start = scanner.at;
  const user = take(scanner, USER)?.[0] ?? "";
  const next = peek(scanner);
  if (next === "" || next === "/" || isOneOf(next, ends)) {
    parts.push({ kind: "tilde", user });
  } else {
    scanner.at = start;
    addText(parts, "~", false);
  }
}

/** Reads what follows a `$`. */
function parseDollar(
  scanner: Scanner,
  { parts, quoted }: { parts: Word; quoted: boolean },
): void {
  switch (peek(scanner)) {
    case "(": {
      const body = takeParentheses(scanner);
      const expression = expressionOf(body);
      parts.push(
        expression === undefined
          ? { kind: "command", command: body, quoted }
          : { kind: "arithmetic", expression, quoted },
      );
      return;
    }
    case "{":
      if (++scanner.depth > MAX_DEPTH) throw new EnrootError("too many nested ${");
      parts.push(parseBraces(scanner, quoted));
      scanner.depth--;
      return;
    default: {
      const name = take(scanner, NAME)?.[0];
      if (name === undefined) return addText(parts, "$", quoted);
      parts.push({ kind: "variable", name, quoted });
    }
  }
}

/** What `$((…))` calculates, given what its outer parentheses hold; undefined for `$((a); (b))`. */
function expressionOf(body: string): string | undefined {
  if (!body.startsWith("(")) return undefined;
  const inner: Scanner = { text: body, at: 0, depth: 0 };
  const expression = takeParentheses(inner);
  return inner.at === body.length ? expression : undefined;
}

/** Takes a parenthesized text whose parentheses are balanced; the scanner is at the first. */
function takeParentheses(scanner: Scanner): string {
  const start = scanner.at + 1;
  let open = 0;
  while (scanner.at < scanner.text.length) {
    const char = peek(scanner);
    scanner.at++;
    if (char === "\\") scanner.at++;
    else if (char === "'") takeUntil(scanner, "'");
    else if (char === '"') skipDoubleQuotes(scanner);
    else if (char === "(") open++;
    else if (char === ")" && --open === 0) return scanner.text.slice(start, scanner.at - 1);
  }
  throw new EnrootError("unterminated $(");
}

/** Skips what follows a double quote in a command, up to the closing one. */
function skipDoubleQuotes(scanner: Scanner): void {
  while (scanner.at < scanner.text.length) {
    const char = peek(scanner);
    scanner.at++;
    if (char === "\\") scanner.at++;
    else if (char === '"') return;
    else if (char === "$" && peek(scanner) === "(") {
      if (++scanner.depth > MAX_DEPTH) throw new EnrootError("too many nested $(");
      takeParentheses(scanner);
      scanner.depth--;
    }
  }
  throw new EnrootError('unterminated "');
}

/** Reads a `${…}`; the scanner is at the brace. */
function parseBraces(scanner: Scanner, quoted: boolean): WordPart {
  const start = scanner.at++;
  const isLength = takeText(scanner, "#");
  const name = take(scanner, NAME)?.[0];
  const operation = name === undefined
    ? undefined
    : isLength
    ? { kind: "length" as const }
    : parseOperation(scanner, quoted);
  if (scanner.at >= scanner.text.length) throw new EnrootError("unterminated ${");
  if (name === undefined || !takeText(scanner, "}")) {
    const end = scanner.text.indexOf("}", start);
    const shown = scanner.text.slice(start, end === -1 ? undefined : end + 1);
    throw new EnrootError(`unknown expansion $${shown}`);
  }
  return { kind: "variable", name, quoted, ...(operation === undefined ? {} : { operation }) };
}

/** Reads what follows the name in `${NAME…}`, up to the closing brace; undefined for nothing. */
function parseOperation(scanner: Scanner, quoted: boolean): Operation | undefined {
  const condition = take(scanner, CONDITION);
  if (condition !== undefined) {
    const [, colon, sign = ""] = condition;
    const word = parseWord(scanner, { ends: "}", place: quoted ? "quoted braces" : "braces" });
    return { kind: CONDITIONS[sign] ?? "default", alsoWhenEmpty: colon === ":", word };
  }
  const until = (ends: string) => parseWord(scanner, { ends, place: "braces" });
  const char = peek(scanner);
  switch (char) {
    case "#":
    case "%": {
      scanner.at++;
      const longest = takeText(scanner, char);
      return { kind: "trim", side: char === "#" ? "start" : "end", longest, pattern: until("}") };
    }
    case ":": {
      scanner.at++;
      const offset = until(":}");
      if (!takeText(scanner, ":")) return { kind: "substring", offset };
      return { kind: "substring", offset, length: until("}") };
    }
    case "/":
      scanner.at++;
      return parseReplacement(scanner, until);
    case "^":
    case ",": {
      scanner.at++;
      const all = takeText(scanner, char);
      return { kind: "case", upper: char === "^", all, pattern: until("}") };
    }
    default:
      return undefined;
  }
}

function parseReplacement(scanner: Scanner, until: (ends: string) => Word): Operation {
  const which = takeText(scanner, "/")
    ? "all"
    : takeText(scanner, "#")
    ? "start"
    : takeText(scanner, "%")
    ? "end"
    : "first";
  const pattern: Word = [];
  // In `${NAME////_}` the third slash is what to replace.
  if (which === "all" && takeText(scanner, "/")) addText(pattern, "/", true);
  pattern.push(...until("/}"));
  const replacement = takeText(scanner, "/") ? until("}") : [];
  return { kind: "replace", which, pattern, replacement };
}
