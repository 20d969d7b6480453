import { EnrootError } from "../diagnostics/mod.ts";

/**
 * A piece of a word. Unquoted results of expansions are split at blanks, as a shell does; quoted
 * ones stay whole.
 */
export type WordPart =
  | { kind: "text"; text: string }
  | { kind: "tilde"; user: string }
  | { kind: "variable"; name: string; fallback?: Fallback; quoted: boolean }
  | { kind: "command"; command: string; quoted: boolean };

/** `${NAME-words}`, or `${NAME:-words}` which also replaces an empty value. */
interface Fallback {
  alsoWhenEmpty: boolean;
  parts: WordPart[];
}

export type Word = WordPart[];

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const BLANK = /[ \t]/;
/** Nested `${A:-${B:-…}}` deeper than this is nobody's configuration. */
const MAX_DEPTH = 32;

/**
 * Reads a list of shell words (POSIX.1 XCU 2.2 to 2.6): quotes, backslash, `~`, `$NAME`, `${NAME}`
 * with `-` and `:-`, `$(command)` and backquotes. A `#` at the start of a word begins a comment.
 *
 * Any other `${…}` operator, and `$((…))`, becomes a command for the shell itself.
 *
 * @throws EnrootError saying what is malformed, without the file it is in.
 */
export function parseWords(text: string): Word[] {
  const words: Word[] = [];
  const scanner: Scanner = { text, at: 0, depth: 0 };
  for (;;) {
    while (BLANK.test(peek(scanner))) scanner.at++;
    if (scanner.at >= text.length || peek(scanner) === "#") return words;
    words.push(parseWord(scanner, ""));
  }
}

interface Scanner {
  readonly text: string;
  at: number;
  depth: number;
}

function peek(scanner: Scanner): string {
  return scanner.text[scanner.at] ?? "";
}

/** Reads up to an unquoted blank, or, inside `${NAME:-…}`, up to the closing brace. */
function parseWord(scanner: Scanner, end: "" | "}"): Word {
  const parts: WordPart[] = [];
  const start = scanner.at;
  while (scanner.at < scanner.text.length) {
    const char = peek(scanner);
    if (end === "" ? BLANK.test(char) : char === end) break;
    scanner.at++;
    switch (char) {
      case "\\":
        addText(parts, peek(scanner));
        scanner.at++;
        break;
      case "'":
        addText(parts, takeUntil(scanner, "'"));
        break;
      case '"':
        parseDoubleQuotes(scanner, parts);
        break;
      case "$":
        parseDollar(scanner, { parts, quoted: false });
        break;
      case "`":
        parts.push({ kind: "command", command: takeUntil(scanner, "`"), quoted: false });
        break;
      case "~":
        if (scanner.at - 1 === start) parseTilde(scanner, { parts, end });
        else addText(parts, char);
        break;
      case ";":
      case "&":
      case "|":
      case "<":
      case ">":
      case "(":
      case ")":
        if (end === "") throw new EnrootError(`unquoted ${char}`);
        addText(parts, char);
        break;
      default:
        addText(parts, char);
    }
  }
  return parts;
}

function addText(parts: WordPart[], text: string): void {
  const last = parts.at(-1);
  if (last?.kind === "text") last.text += text;
  else parts.push({ kind: "text", text });
}

function takeUntil(scanner: Scanner, quote: string): string {
  const end = scanner.text.indexOf(quote, scanner.at);
  if (end === -1) throw new EnrootError(`unterminated ${quote}`);
  const taken = scanner.text.slice(scanner.at, end);
  scanner.at = end + 1;
  return taken;
}

function parseDoubleQuotes(scanner: Scanner, parts: WordPart[]): void {
  // Quotes make a word even if there is nothing in them.
  addText(parts, "");
  for (;;) {
    const char = peek(scanner);
    scanner.at++;
    switch (char) {
      case "":
        throw new EnrootError('unterminated "');
      case '"':
        return;
      case "\\": {
        const escaped = peek(scanner);
        scanner.at++;
        addText(parts, '$`"\\'.includes(escaped) ? escaped : char + escaped);
        break;
      }
      case "$":
        parseDollar(scanner, { parts, quoted: true });
        break;
      case "`":
        parts.push({ kind: "command", command: takeUntil(scanner, "`"), quoted: true });
        break;
      default:
        addText(parts, char);
    }
  }
}

function parseTilde(scanner: Scanner, { parts, end }: { parts: WordPart[]; end: string }): void {
  const user = /^[A-Za-z0-9_.-]*/.exec(scanner.text.slice(scanner.at))?.[0] ?? "";
  const next = scanner.text[scanner.at + user.length] ?? "";
  if (!["", "/", " ", "\t", end].includes(next)) return addText(parts, "~");
  scanner.at += user.length;
  parts.push({ kind: "tilde", user });
}

interface Target {
  parts: WordPart[];
  quoted: boolean;
}

/** Reads what follows a `$`. */
function parseDollar(scanner: Scanner, { parts, quoted }: Target): void {
  switch (peek(scanner)) {
    case "(": {
      const body = takeNested(scanner, { open: "(", close: ")" });
      // `$((1 + 2))` is arithmetic, which the shell can do as well.
      const command = body.startsWith("(") ? `printf %s "$(${body})"` : body;
      parts.push({ kind: "command", command, quoted });
      return;
    }
    case "{":
      parts.push(parseBraces(scanner, quoted));
      return;
    default: {
      NAME.lastIndex = scanner.at;
      const name = NAME.exec(scanner.text)?.[0];
      if (name === undefined) return addText(parts, "$");
      scanner.at += name.length;
      parts.push({ kind: "variable", name, quoted });
    }
  }
}

function parseBraces(scanner: Scanner, quoted: boolean): WordPart {
  if (++scanner.depth > MAX_DEPTH) throw new EnrootError("too many nested ${");
  const start = scanner.at;
  NAME.lastIndex = start + 1;
  const name = NAME.exec(scanner.text)?.[0];
  if (name !== undefined) {
    const operator = /^(:?-)?/.exec(scanner.text.slice(start + 1 + name.length))?.[0] ?? "";
    scanner.at = start + 1 + name.length + operator.length;
    if (operator !== "") {
      const parts = parseWord(scanner, "}");
      if (peek(scanner) !== "}") throw new EnrootError("unterminated ${");
      scanner.at++;
      scanner.depth--;
      return {
        kind: "variable",
        name,
        quoted,
        fallback: { alsoWhenEmpty: operator === ":-", parts },
      };
    }
    if (peek(scanner) === "}") {
      scanner.at++;
      scanner.depth--;
      return { kind: "variable", name, quoted };
    }
  }
  scanner.at = start;
  const body = takeNested(scanner, { open: "{", close: "}" });
  scanner.depth--;
  return { kind: "command", command: `printf %s "\${${body}}"`, quoted };
}

/** Takes a bracketed text whose quotes and brackets are balanced; the scanner is at the bracket. */
function takeNested(scanner: Scanner, { open, close }: { open: string; close: string }): string {
  const start = scanner.at + 1;
  let depth = 0;
  while (scanner.at < scanner.text.length) {
    const char = peek(scanner);
    scanner.at++;
    if (char === "\\") scanner.at++;
    else if (char === "'") takeUntil(scanner, "'");
    else if (char === open) depth++;
    else if (char === close && --depth === 0) return scanner.text.slice(start, scanner.at - 1);
  }
  throw new EnrootError(`unterminated $${open}`);
}
