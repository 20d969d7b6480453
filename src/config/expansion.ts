import { EnrootError } from "../diagnostics/mod.ts";
import { changeCase, replaceMatches, substring, trimMatch } from "./parameter_operation.ts";
import { PatternBuilder } from "./shell_pattern.ts";
import type { ConditionalOperation, ValueOperation, Word, WordPart } from "./word.ts";

/** Where expansions take their values from. */
export interface Expander {
  /** A variable's value; undefined if it is unset. */
  variable(name: string): string | undefined;
  /** What stands for an unset variable where the text gives no replacement; undefined: nothing. */
  standIn(name: string): string | undefined;
  /** Sets a variable for the expansions that follow (`${NAME:=value}`). */
  assign(name: string, value: string): void;
  /** The home directory of a user ("" for the caller); undefined if there is no such user. */
  home(user: string): string | undefined;
  /** What a shell command prints. */
  command(command: string): string;
  /** What a shell makes of `$((EXPRESSION))`. */
  arithmetic(expression: string): string;
}

/**
 * Expands words into the text that `echo WORDS` would print: one blank between words, unquoted
 * results split again. File names are not matched against `*` and `?`.
 *
 * @throws EnrootError as bash stops under `set -u`: where there is no variable of a name and no
 *   replacement for it, and where `${NAME?}` or a number in `${NAME:offset:length}` says so.
 */
export function expandWords(words: readonly Word[], expander: Expander): string {
  return words.flatMap((word) => {
    const fields = new Fields();
    expandParts(word, { sink: fields, expander });
    return fields.finished();
  }).join(" ");
}

/** What takes the results of expansions: what is quoted, and what is not. */
interface Sink {
  quoted(text: string): void;
  unquoted(text: string): void;
}

interface Target {
  sink: Sink;
  expander: Expander;
}

function expandParts(parts: readonly WordPart[], to: Target): void {
  for (const part of parts) expandPart(part, to);
}

function expandPart(part: WordPart, to: Target): void {
  const { sink, expander } = to;
  const add = (text: string, quoted: boolean) => quoted ? sink.quoted(text) : sink.unquoted(text);
  switch (part.kind) {
    case "text":
      return add(part.text, part.quoted);
    case "tilde":
      return sink.quoted(expander.home(part.user) ?? `~${part.user}`);
    case "command":
      return add(expander.command(part.command).replace(/\n+$/, ""), part.quoted);
    case "arithmetic":
      return add(expander.arithmetic(part.expression), part.quoted);
    case "variable": {
      const { name, operation, quoted } = part;
      switch (operation?.kind) {
        case "default":
        case "assign":
        case "alternative":
        case "require":
          return expandConditional({ name, operation, quoted }, to);
        default:
          return add(valueAfter(operation, valueOf(name, expander), expander), quoted);
      }
    }
  }
}

function valueOf(name: string, expander: Expander): string {
  const value = expander.variable(name) ?? expander.standIn(name);
  if (value === undefined) throw new EnrootError(`${name}: unbound variable`);
  return value;
}

function expandConditional(
  { name, operation, quoted }: { name: string; operation: ConditionalOperation; quoted: boolean },
  to: Target,
): void {
  const { sink, expander } = to;
  const { kind, alsoWhenEmpty } = operation;
  const word = quoted ? operation.word.map(quotedPart) : operation.word;
  const add = (text: string) => quoted ? sink.quoted(text) : sink.unquoted(text);
  const value = expander.variable(name) ??
    (kind === "require" ? expander.standIn(name) : undefined);
  const present = value !== undefined && !(alsoWhenEmpty && value === "");
  if (kind === "alternative") {
    if (quoted) sink.quoted("");
    if (present) expandParts(word, to);
  } else if (present) {
    add(value);
  } else if (kind === "default") {
    if (quoted) sink.quoted("");
    expandParts(word, to);
  } else if (kind === "assign") {
    const text = textOf(word, expander);
    expander.assign(name, text);
    add(text);
  } else {
    const cause = textOf(word, expander) ||
      (alsoWhenEmpty ? "parameter null or not set" : "parameter not set");
    throw new EnrootError(`${name}: ${cause}`);
  }
}

function quotedPart(part: WordPart): WordPart {
  return "quoted" in part ? { ...part, quoted: true } : part;
}

function valueAfter(
  operation: ValueOperation | undefined,
  value: string,
  expander: Expander,
): string {
  const number = (word: Word) => numberOf(textOf(word, expander), expander);
  switch (operation?.kind) {
    case undefined:
      return value;
    case "length":
      return String([...value].length);
    case "substring": {
      const { offset, length } = operation;
      return substring(value, number(offset), length === undefined ? undefined : number(length));
    }
    case "trim":
      return trimMatch(value, patternOf(operation.pattern, expander).finish(), operation);
    case "replace": {
      const pattern = patternOf(operation.pattern, expander);
      // `${NAME//}` replaces nothing, `${NAME/#/word}` puts a word in front.
      if (pattern.isEmpty && (operation.which === "first" || operation.which === "all")) {
        return value;
      }
      const replacement = textOf(operation.replacement, expander);
      return replaceMatches(value, pattern.finish(), { which: operation.which, replacement });
    }
    case "case": {
      const pattern = patternOf(operation.pattern, expander);
      return changeCase(value, pattern.isEmpty ? undefined : pattern.finish(), operation);
    }
  }
}

function patternOf(word: Word, expander: Expander): PatternBuilder {
  const sink = new PatternBuilder();
  expandParts(word, { sink, expander });
  return sink;
}

/** A word's expansion, not split. */
function textOf(word: Word, expander: Expander): string {
  let text = "";
  const add = (more: string) => {
    text += more;
  };
  expandParts(word, { sink: { quoted: add, unquoted: add }, expander });
  return text;
}

/** What is no plain number is arithmetic: a variable's name, `(-1)`, a sum. */
function numberOf(text: string, expander: Expander): number {
  const plain = /^[ \t]*(-?(?:0|[1-9][0-9]{0,8}))?[ \t]*$/.exec(text);
  const number = Number(plain === null ? expander.arithmetic(text) : plain[1] ?? "0");
  if (!Number.isSafeInteger(number)) throw new EnrootError(`${text}: not a number`);
  return number;
}

/** The fields one word expands to: none, one or several. */
class Fields implements Sink {
  #done: string[] = [];
  #current: string | undefined;

  quoted(text: string): void {
    this.#current = (this.#current ?? "") + text;
  }

  unquoted(text: string): void {
    const [first = "", ...rest] = text.split(/[ \t\n]+/);
    if (first !== "") this.quoted(first);
    for (const field of rest) {
      if (this.#current !== undefined) this.#done.push(this.#current);
      this.#current = field === "" ? undefined : field;
    }
  }

  finished(): string[] {
    return this.#current === undefined ? this.#done : [...this.#done, this.#current];
  }
}
