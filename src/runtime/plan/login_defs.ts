import type { ByteString } from "../../bytes/mod.ts";

/** Settings by name; where a name is set twice, the last one. */
export type LoginDefs = ReadonlyMap<ByteString, ByteString>;

/**
 * Parses login.defs(5), and the files of the same make: `/etc/default/useradd`, locale.conf(5).
 *
 * A line is a name, then blanks or `=`, then a value of one word that double quotes may enclose.
 * `#` begins a comment.
 */
export function parseLoginDefs(text: ByteString): LoginDefs {
  const settings = new Map<ByteString, ByteString>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue; // Most of the file, as distributions ship it.
    const setting = parseLine(line);
    if (setting !== null) settings.set(setting[0], setting[1]);
  }
  return settings;
}

function parseLine(line: ByteString): [ByteString, ByteString] | null {
  const comment = line.indexOf("#");
  const content = (comment < 0 ? line : line.slice(0, comment)).trim();
  const [, name, value] = /^([^ \t=]+)[ \t=]+"?([^ \t"]+)/.exec(content) ?? [];
  return name === undefined || value === undefined ? null : [name, value];
}

/** Whether a setting says yes. */
export function isEnabled(settings: LoginDefs, name: string): boolean {
  const value = settings.get(name)?.toLowerCase();
  return value === "yes" || value === "true";
}

/**
 * A number as strtoul(3) with base 0 reads it: hexadecimal after `0x`, octal after `0`, else
 * decimal. Null when it is none or does not fit in 53 bits.
 */
export function parseDefsNumber(text: ByteString | undefined): number | null {
  if (text === undefined) return null;
  let value: number;
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) value = Number.parseInt(text.slice(2), 16);
  else if (/^0[0-7]*$/.test(text)) value = Number.parseInt(text, 8);
  else if (/^[1-9][0-9]*$/.test(text)) value = Number(text);
  else return null;
  return Number.isSafeInteger(value) ? value : null;
}
