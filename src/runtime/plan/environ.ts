import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";

/** Variables in the order they came in. Names and values are byte strings, without NUL. */
export type Environment = Map<ByteString, ByteString>;
export type ReadonlyEnvironment = ReadonlyMap<ByteString, ByteString>;

/**
 * Replaces each `${NAME}` by the variable's value, once; unset variables by nothing.
 *
 * `encode` fits a value to its place.
 */
export function substituteVariables(
  text: ByteString,
  variables: ReadonlyEnvironment,
  encode: (value: ByteString) => ByteString = (value) => value,
): ByteString {
  if (!text.includes("${")) return text;
  return text.replace(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
    (_, name: string) => encode(variables.get(name) ?? ""),
  );
}

/**
 * Adds what an environment file says; a name that was there gets the later value.
 *
 * A line is `NAME=VALUE`. Leading blanks and one pair of quotes around the value go; comments,
 * lines of any other form and the reserved `ENROOT_` names are passed over.
 */
export function addVariables(environment: Environment, text: ByteString): void {
  for (const line of text.split("\n")) {
    const variable = parseVariable(line);
    if (variable !== null) environment.set(variable[0], variable[1]);
  }
}

/** Adds variables as they stand, except for the reserved ones; the later of a name wins. */
export function addLiteralVariables(
  environment: Environment,
  variables: Iterable<[name: ByteString, value: ByteString]>,
): void {
  for (const [name, value] of variables) {
    if (!isReserved(name)) environment.set(name, value);
  }
}

/**
 * Adds the value of `--env`: `KEY=VALUE` as a line of an environment file, `KEY` with its value on
 * the host, empty when unset.
 *
 * @throws {EnrootError} `Invalid argument: …`
 */
export function addVariableArgument(
  environment: Environment,
  argument: ByteString,
  host: ReadonlyEnvironment,
): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*(=|$)/.test(argument) || argument.includes("\0")) {
    throw new EnrootError(`Invalid argument: ${textFromByteString(argument)}`);
  }
  if (isReserved(argument)) return;
  const variable = parseVariable(argument);
  if (variable !== null) environment.set(variable[0], variable[1]);
  else environment.set(argument, host.get(argument) ?? "");
}

/**
 * The environment file that hooks get to read and to change. A value of several lines has no place
 * in it, nor has a name that is none in a shell.
 */
export function formatEnvironment(environment: ReadonlyEnvironment): ByteString {
  return linesOf(environment).map((line) => `${line}\n`).join("");
}

/** Takes over what hooks made of the file that {@link formatEnvironment} wrote. */
export function mergeEnvironment(environment: Environment, text: ByteString): void {
  const written = new Set(linesOf(environment));
  const found = new Set<ByteString>();
  for (const line of text.split("\n")) {
    // Our own lines went through parseVariable() before; it would take a second pair of quotes.
    if (written.has(line)) {
      found.add(line.slice(0, line.indexOf("=")));
      continue;
    }
    const variable = parseVariable(line);
    if (variable === null) continue;
    found.add(variable[0]);
    environment.set(variable[0], variable[1]);
  }
  for (const [name, value] of environment) {
    if (!found.has(name) && fitsLine(name, value)) environment.delete(name);
  }
}

function linesOf(environment: ReadonlyEnvironment): ByteString[] {
  const lines: ByteString[] = [];
  for (const [name, value] of environment) {
    if (fitsLine(name, value)) lines.push(`${name}=${value}`);
  }
  return lines;
}

function fitsLine(name: ByteString, value: ByteString): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes("\n");
}

/** A variable from one line; null when it is none or reserved. */
function parseVariable(line: ByteString): [ByteString, ByteString] | null {
  const [, name, value] = /^[ \t\r\f\v]*([A-Za-z_][A-Za-z0-9_]*)=([^\0]*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined || isReserved(name)) return null;
  return [name, withoutQuotes(value)];
}

/** These are ours to set, for hooks; they would change an enroot inside the container. */
function isReserved(name: ByteString): boolean {
  return name.startsWith("ENROOT_");
}

function withoutQuotes(value: ByteString): ByteString {
  const quote = value.charAt(0);
  if (quote !== '"' && quote !== "'") return value;
  const trimmed = value.trimEnd();
  return trimmed.length > 1 && trimmed.endsWith(quote) ? trimmed.slice(1, -1) : value;
}
