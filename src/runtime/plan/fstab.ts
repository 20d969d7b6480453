import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { type ReadonlyEnvironment, substituteVariables } from "./environ.ts";
import { looksLikeMountOptions, type MountOptions, parseMountOptions } from "./mount_options.ts";

/** One mount to make (or move, or take away). */
export interface MountEntry {
  /** A path on the host, or a word that only shows (`tmpfs`, `none`). */
  readonly source: ByteString;
  /** An absolute path inside the root file system. Links and `..` in it are still to be resolved. */
  readonly target: ByteString;
  /** File system type; `none` for binds and the like. */
  readonly type: ByteString;
  readonly options: MountOptions;
  /** Whether it says nothing but source and target. */
  readonly plain: boolean;
  /** When to mount: -1 before the hooks, 0 after them, any other number not at all. */
  readonly pass: number;
  /** Where the entry was written, for messages: `/etc/fstab line 3`. */
  readonly origin: string;
}

export interface FstabContext {
  /** The name of the file, for messages. */
  readonly origin: string;
  /** The directory that relative sources start from. */
  readonly workingDirectory: ByteString;
}

/**
 * Parses fstab(5) as containers use it: targets lie in the root file system, the dump frequency
 * has no meaning and a lone number is the pass. Fields may be left out:
 *
 *     tmpfs /dst [OPTIONS]   a tmpfs
 *     /src [OPTIONS]         the same path of the host, bound with all below it
 *     /src /dst [OPTIONS]    likewise, elsewhere
 *     none /dst TYPE         a file system without options
 *
 * @throws {EnrootError} naming origin and line
 */
export function parseFstab(text: ByteString, context: FstabContext): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const fields = fieldsOf(line);
    if (fields.length === 0 || fields[0]?.startsWith("#")) continue;
    const origin = `${context.origin} line ${index + 1}`;
    const entry = parseFields(fields, { ...context, origin });
    if (entry === null) throw new EnrootError(`Cannot parse ${origin}: not an fstab entry`);
    entries.push(entry);
  }
  return entries;
}

/**
 * Parses the value of `--mount`: an fstab line with `:` between its fields. A colon inside one is
 * `\072`; a blank stands for itself, except where there is no colon and blanks separate the fields.
 *
 * @throws {EnrootError} `Invalid argument: …`
 */
export function parseMountArgument(
  argument: ByteString,
  workingDirectory: ByteString,
): MountEntry {
  const shown = textFromByteString(argument);
  // An empty source (an unset variable in a script) must not make the target the source.
  const fields = argument.startsWith(":")
    ? []
    : argument.includes(":")
    ? argument.split(":").filter((field) => field !== "")
    : fieldsOf(argument);
  const entry = parseFields(fields, { origin: `--mount ${shown}`, workingDirectory });
  if (entry === null) throw new EnrootError(`Invalid argument: ${shown}`);
  return entry;
}

/**
 * Replaces `${NAME}` in the text of an fstab. A value is one word: its blanks are escaped, except
 * where the reference stands alone on its line and the value is the whole entry.
 */
export function substituteInFstab(text: ByteString, variables: ReadonlyEnvironment): ByteString {
  if (!text.includes("${")) return text;
  return text.split("\n").map((line) => {
    const isWholeEntry = /^[ \t]*\$\{[^}]*\}[ \t]*$/.test(line);
    return substituteVariables(line, variables, isWholeEntry ? undefined : escapeBlanks);
  }).join("\n");
}

/**
 * Writes a field so that {@link parseFstab} reads it back whole: blanks, backslashes and what would
 * begin a comment as `\NNN`.
 */
export function escapeFstabField(field: ByteString): ByteString {
  return escapeBlanks(field.replaceAll("\\", "\\134").replace(/^#/, "\\043"));
}

function escapeBlanks(text: ByteString): ByteString {
  return text.replace(
    /[ \t\n\r\f\v]/g,
    (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

/** Decodes `\NNN` escapes, which fstab(5) and mountinfo (proc(5)) share. */
export function unescapeFstabField(field: ByteString): ByteString {
  if (!field.includes("\\")) return field;
  return field.replace(
    /\\(?:([0-3][0-7]{2})|\\)/g,
    (_, octal?: string) =>
      octal === undefined ? "\\" : String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** An entry from its fields; null when they do not make one. */
function parseFields(raw: ByteString[], context: FstabContext): MountEntry | null {
  const { fields, pass } = withoutNumbers(raw.map(unescapeFstabField));
  const [source, second, third, fourth] = fields;
  if (source === undefined || fields.some((field) => field.includes("\0"))) return null;
  const sameTarget = second === undefined || isOptionsField(second);
  if (sameTarget && (third !== undefined || !isPath(source))) return null;
  const { type, options } = sameTarget
    ? withoutType(source, second ?? "")
    : fourth !== undefined && third !== undefined
    ? { type: third, options: parseMountOptions(fourth) }
    : third !== undefined && !looksLikeMountOptions(third)
    ? { type: third, options: parseMountOptions("") }
    : withoutType(source, third ?? "");
  const sourceIsPath = options.move || options.bind && !options.remount;
  return {
    source: sourceIsPath ? absolute(source, context.workingDirectory) : source,
    target: sameTarget ? absolute(source, context.workingDirectory) : absolute(second, "/"),
    type,
    options,
    plain: fields.length === 2 && !sameTarget,
    pass,
    origin: context.origin,
  };
}

/** Type and options of an entry that names no type: a tmpfs, else what a path can be, a bind. */
function withoutType(
  source: ByteString,
  text: ByteString,
): { type: string; options: MountOptions } {
  const options = parseMountOptions(text);
  if (source === "tmpfs" && !options.bind) return { type: "tmpfs", options };
  const saysWhat = options.bind || options.remount || options.move || options.detach ||
    options.propagation.length > 0;
  return {
    type: "none",
    options: saysWhat ? options : parseMountOptions(`rbind,x-create=auto,${text}`),
  };
}

/** Cuts off the frequency and the pass number. What follows them is passed over (getmntent(3)). */
function withoutNumbers(fields: ByteString[]): { fields: ByteString[]; pass: number } {
  // The first two fields are paths, whatever they look like.
  const found = fields.findIndex((field, index) => index >= 2 && isNumber(field));
  const end = found < 0 ? Math.min(fields.length, 4) : Math.min(found, 4);
  const [first, second] = fields.slice(end).map((field) => isNumber(field) ? Number(field) : null);
  return { fields: fields.slice(0, end), pass: second ?? first ?? 0 };
}

function isNumber(field: ByteString): boolean {
  return /^[+-]?[0-9]{1,9}$/.test(field);
}

function isOptionsField(field: ByteString): boolean {
  return !field.startsWith("/") && looksLikeMountOptions(field);
}

function isPath(source: ByteString): boolean {
  return source.includes("/") || source.startsWith(".");
}

function absolute(path: ByteString, directory: ByteString): ByteString {
  if (path.startsWith("/")) return path;
  return directory.endsWith("/") ? directory + path : `${directory}/${path}`;
}

function fieldsOf(line: ByteString): ByteString[] {
  return line.split(/[ \t\r\f\v]+/).filter((field) => field !== "");
}
