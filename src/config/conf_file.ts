import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { parseWords } from "./shell_words.ts";
import type { Word } from "./word.ts";

/** One line of a configuration file that sets a variable. */
export interface Assignment {
  name: string;
  words: Word[];
  /** The file and the line, for messages. */
  place: string;
}

const ACCEPTED =
  /^(?:ENROOT_[A-Z_]+|(?:MELLANOX|NVIDIA)_[A-Z0-9_]+|SSL_CERT_(?:DIR|FILE)|(?:all|no|http|https)_proxy)$/;
const LINE = /^[ \t]*([^ \t=#]*)(?:[ \t]*=[ \t]*|[ \t]+)?(.*)$/;

/** Whether configuration may set this variable. */
export function isConfigurable(name: string): boolean {
  return ACCEPTED.test(name);
}

/**
 * Reads enroot.conf: lines of `NAME VALUE` or `NAME=VALUE`, `#` for comments. Names that
 * configuration may not set are passed over.
 *
 * @throws EnrootError naming the file and the line that is malformed.
 */
export function parseConfFile(text: string, path: string): Assignment[] {
  return text.split("\n").flatMap((line, index) => parseLine(line, `${path}: line ${index + 1}`));
}

/**
 * Reads the `#ENROOT_NAME=VALUE` comment lines of a configuration script.
 *
 * @throws EnrootError naming the file and the line that is malformed.
 */
export function parseDirectives(text: string, path: string): Assignment[] {
  return text.split("\n").flatMap((line, index) => {
    const directive = /^#[ \t]*(ENROOT_.*)$/.exec(line)?.[1];
    return directive === undefined ? [] : parseLine(directive, `${path}: line ${index + 1}`);
  });
}

function parseLine(line: string, place: string): Assignment[] {
  const [, name = "", value = ""] = LINE.exec(line.replace(/\r$/, "")) ?? [];
  if (name === "" && value === "") return [];
  if (name === "" && !value.startsWith("#")) {
    malformed(place, "a line begins with a variable's name");
  }
  if (!isConfigurable(name)) return [];
  try {
    return [{ name, words: parseWords(value), place }];
  } catch (error) {
    malformed(place, messageOf(error));
  }
}

function malformed(place: string, cause: string): never {
  throw new EnrootError(`Invalid configuration file: ${place}: ${cause}`);
}
