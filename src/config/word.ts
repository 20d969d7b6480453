/**
 * A piece of a word. Unquoted results of expansions are split at blanks, as a shell does; quoted
 * ones stay whole.
 */
export type WordPart =
  | { kind: "text"; text: string; quoted: boolean }
  | { kind: "tilde"; user: string }
  | { kind: "variable"; name: string; operation?: Operation; quoted: boolean }
  | { kind: "command"; command: string; quoted: boolean }
  | { kind: "arithmetic"; expression: string; quoted: boolean };

export type Word = WordPart[];

/** What `${NAME…}` does with the value of a variable. */
export type Operation = ConditionalOperation | ValueOperation;

/** `${NAME-word}`, `=`, `+`, `?`; with a colon before it an empty value is as good as none. */
export interface ConditionalOperation {
  kind: "default" | "assign" | "alternative" | "require";
  alsoWhenEmpty: boolean;
  word: Word;
}

/** Makes another text of a value that there must be. */
export type ValueOperation =
  /** `${#NAME}` */
  | { kind: "length" }
  /** `${NAME#pattern}`, `##`, `%`, `%%` */
  | { kind: "trim"; side: "start" | "end"; longest: boolean; pattern: Word }
  /** `${NAME:offset}`, `${NAME:offset:length}` */
  | { kind: "substring"; offset: Word; length?: Word }
  /** `${NAME/pattern/replacement}`, `//`, `/#`, `/%` */
  | {
    kind: "replace";
    which: "first" | "all" | "start" | "end";
    pattern: Word;
    replacement: Word;
  }
  /** `${NAME^}`, `^^`, `,`, `,,`, with a pattern for the letters that are meant */
  | { kind: "case"; upper: boolean; all: boolean; pattern: Word };
