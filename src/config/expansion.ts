import type { Word, WordPart } from "./shell_words.ts";

/** Where expansions take their values from. */
export interface Expander {
  /** A variable's value; undefined if it is unset. */
  variable(name: string): string | undefined;
  /** What stands for an unset variable where the text gives no replacement; undefined: nothing. */
  standIn(name: string): string | undefined;
  /** The home directory of a user ("" for the caller); undefined if there is no such user. */
  home(user: string): string | undefined;
  /** What a shell command prints. */
  command(command: string): string;
}

/**
 * Expands words into the text that `echo WORDS` would print: one blank between words, unquoted
 * results split again. File names are not matched against `*` and `?`.
 */
export function expandWords(words: Word[], expander: Expander): string {
  return words.flatMap((word) => expandWord(word, expander)).join(" ");
}

function expandWord(word: Word, expander: Expander): string[] {
  const fields = new Fields();
  for (const part of word) expandPart(part, { fields, expander });
  return fields.finished();
}

function expandPart(part: WordPart, to: { fields: Fields; expander: Expander }): void {
  const { fields, expander } = to;
  switch (part.kind) {
    case "text":
      return fields.whole(part.text);
    case "tilde":
      return fields.whole(expander.home(part.user) ?? `~${part.user}`);
    case "command": {
      const output = expander.command(part.command).replace(/\n+$/, "");
      return part.quoted ? fields.whole(output) : fields.split(output);
    }
    case "variable": {
      const { fallback } = part;
      const value = expander.variable(part.name) ??
        (fallback === undefined ? expander.standIn(part.name) : undefined);
      if (
        fallback !== undefined && (value === undefined || (fallback.alsoWhenEmpty && value === ""))
      ) {
        for (const inner of fallback.parts) {
          expandPart(part.quoted ? quotedPart(inner) : inner, to);
        }
        return;
      }
      return part.quoted ? fields.whole(value ?? "") : fields.split(value ?? "");
    }
  }
}

function quotedPart(part: WordPart): WordPart {
  return "quoted" in part ? { ...part, quoted: true } : part;
}

/** The fields one word expands to: none, one or several. */
class Fields {
  #done: string[] = [];
  #current: string | undefined;

  whole(text: string): void {
    this.#current = (this.#current ?? "") + text;
  }

  split(text: string): void {
    const [first = "", ...rest] = text.split(/[ \t\n]+/);
    if (first !== "") this.whole(first);
    for (const field of rest) {
      if (this.#current !== undefined) this.#done.push(this.#current);
      this.#current = field === "" ? undefined : field;
    }
  }

  finished(): string[] {
    return this.#current === undefined ? this.#done : [...this.#done, this.#current];
  }
}
