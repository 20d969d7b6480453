/** One way of authenticating that a server offers (RFC 9110 section 11). */
export interface Challenge {
  /** In lower case. */
  scheme: string;
  /** By name in lower case. */
  parameters: Map<string, string>;
}

// RFC 9110: token = 1*tchar; quoted-string; token68 is skipped, no scheme we know uses it here.
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/ys;
const BLANKS_AND_COMMAS = /[\s,]*/y;
const BLANKS = /[ \t]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const TOKEN68_REST = /[^\s,]*/y;

/** The most of a header that is looked at; real ones have some 200 characters. */
const MAX_LENGTH = 16 * 1024;

/**
 * Reads a WWW-Authenticate header: several challenges, several headers joined by commas, quoted
 * values with commas in them. What cannot be read ends the list.
 */
export function parseChallenges(header: string): Challenge[] {
  const scanner = new Scanner(header.slice(0, MAX_LENGTH));
  const challenges: Challenge[] = [];
  let current: Challenge | undefined;
  for (;;) {
    scanner.take(BLANKS_AND_COMMAS);
    const name = scanner.take(TOKEN);
    if (name === undefined) return challenges;
    // `name=value` belongs to the challenge before it; a name alone begins one.
    if (current !== undefined && scanner.take(EQUALS) !== undefined) {
      const value = scanner.takeQuoted() ?? scanner.take(TOKEN68_REST) ?? "";
      current.parameters.set(name.toLowerCase(), value);
      continue;
    }
    current = { scheme: name.toLowerCase(), parameters: new Map() };
    challenges.push(current);
    scanner.take(BLANKS);
  }
}

class Scanner {
  #at = 0;

  constructor(readonly text: string) {}

  /** What the pattern matches here, or undefined when it does not. */
  take(pattern: RegExp): string | undefined {
    return this.#match(pattern)?.[0];
  }

  takeQuoted(): string | undefined {
    return this.#match(QUOTED)?.[1]?.replace(/\\(.)/gs, "$1");
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}
