/** Credentials for one machine in a netrc file. */
export interface NetrcEntry {
  machine: string;
  login: string;
  password: NetrcPassword;
}

/** A password as written, or a shell expression (`$(command)`, `$VARIABLE`) that yields it. */
export type NetrcPassword = { kind: "literal"; text: string } | { kind: "shell"; words: string };

const TOKEN = /"(?:[^"\\\n]|\\.)*"|[^\s"]\S*/y;
const BLANKS = /\s*/y;
const REST_OF_LINE = /[^\n]*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/**
 * Reads a netrc file (ftp(1), curl(1)): `machine HOST login USER password SECRET` in any order and
 * over any number of lines. Words may be quoted, as curl allows it. A password that begins with `$`
 * is a shell expression and goes to the end of its line.
 *
 * `default` entries are left out: a secret for every host there is must not go to any. So are
 * entries that lack a login or a password.
 */
export function parseNetrc(text: string): NetrcEntry[] {
  const entries: NetrcEntry[] = [];
  let machine: string | undefined;
  let login: string | undefined;
  let password: NetrcPassword | undefined;
  const finish = () => {
    if (machine !== undefined && login !== undefined && password !== undefined) {
      entries.push({ machine, login, password });
    }
    machine = login = password = undefined;
  };

  const source = text.replace(/^[ \t]*#.*$/gm, "");
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match[0];
  };
  const word = (): string | undefined => {
    take(BLANKS);
    return unquote(take(TOKEN));
  };

  for (;;) {
    switch (word()) {
      case undefined:
        finish();
        return entries;
      case "machine":
        finish();
        machine = word();
        break;
      case "default":
        finish();
        break;
      case "login":
        login = word();
        break;
      case "account":
        word();
        break;
      case "password": {
        take(BLANKS);
        if (source[at] === "$") {
          password = { kind: "shell", words: (take(REST_OF_LINE) ?? "").trimEnd() };
        } else {
          const text = word();
          if (text !== undefined) password = { kind: "literal", text };
        }
        break;
      }
      case "macdef": {
        // A macro goes to the next empty line.
        const end = source.indexOf("\n\n", at);
        at = end < 0 ? source.length : end;
        break;
      }
    }
  }
}

function unquote(token: string | undefined): string | undefined {
  if (!token?.startsWith('"')) return token;
  return token.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);
}
