import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { type Assignment, parseConfFile, parseDirectives } from "./conf_file.ts";
import { resolveVariables } from "./precedence.ts";
import { SETTINGS, type SettingSpec } from "./setting_table.ts";
import type { Settings } from "./settings.ts";

/** What settings are made of besides the files in /etc/enroot. */
export interface LoadOptions {
  environment: Record<string, string>;
  /** A configuration script (`start --conf`), for its `#ENROOT_X=y` lines. */
  script?: string;
  /** Variables that stand for command-line options, such as `ENROOT_REMAP_ROOT: "yes"`. */
  options?: Record<string, string>;
}

/**
 * The settings in force.
 *
 * @throws EnrootError for a malformed file, an unreadable one, or a value that makes no sense.
 */
export function loadSettings({ environment, script, options = {} }: LoadOptions): Settings {
  const variables = resolveVariables({
    files: confFiles(environment).flatMap((path) => {
      const text = readIfPresent(path);
      return text === undefined ? [] : [parseConfFile(text, path)];
    }),
    environment,
    directives: script === undefined ? [] : readDirectives(script),
    options,
  });
  const fields: Partial<Record<keyof Settings, unknown>> = {};
  for (const spec of SETTINGS) {
    if (spec.kind === "unused") continue;
    const text = variables.get(spec.name);
    const value = readValue(spec, text);
    if (spec.kind === "path") variables.set(spec.name, String(value));
    fields[spec.field] = value;
  }
  // The table has a row for every field; its test holds it to that.
  return { ...fields, variables } as Settings;
}

/** The system configuration file; it need not exist. */
export function confFilePath(environment: Record<string, string>): string {
  return `${sysconfPath(environment)}/enroot.conf`;
}

function sysconfPath(environment: Record<string, string>): string {
  return environment["ENROOT_SYSCONF_PATH"] || "/etc/enroot";
}

function confFiles(environment: Record<string, string>): string[] {
  const directory = `${sysconfPath(environment)}/enroot.conf.d`;
  const names: string[] = [];
  try {
    for (const entry of Deno.readDirSync(directory)) {
      if (entry.name.endsWith(".conf") && !entry.name.startsWith(".")) names.push(entry.name);
    }
  } catch (error) {
    if (!isAbsent(error)) throw cannotRead(directory, error);
  }
  return [confFilePath(environment), ...names.sort().map((name) => `${directory}/${name}`)];
}

function readIfPresent(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw cannotRead(path, error);
  }
}

/** A script that is not a regular file can be read only once, by the shell that runs it. */
function readDirectives(script: string): Assignment[] {
  try {
    if (!Deno.statSync(script).isFile) return [];
    return parseDirectives(Deno.readTextFileSync(script), script);
  } catch (error) {
    if (error instanceof EnrootError) throw error;
    if (isAbsent(error)) throw new EnrootError(`No such file or directory: ${script}`);
    throw cannotRead(script, error);
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

function cannotRead(path: string, cause: unknown): EnrootError {
  return new EnrootError(`Cannot read ${path}: ${messageOf(cause)}`, { cause });
}

/**
 * Seconds; more is as good as no limit. Timers count milliseconds in 32 bits, and what does not fit
 * would end at once; a server that has answered before gets a few times as long.
 */
const LONGEST_TIMEOUT = 500_000;

function readValue(spec: SettingSpec, text = ""): unknown {
  switch (spec.kind) {
    case "path":
      return text.startsWith("/") ? text : absolutePath(spec.name, text);
    case "flag":
      return text !== "";
    case "words":
      return text.split(/\s+/).filter((word) => word !== "");
    case "number": {
      const pattern = spec.fractions ? /^\d{1,9}(?:\.\d{1,9})?$/ : /^\d{1,9}$/;
      if (!pattern.test(text)) throw new EnrootError(`Invalid argument: ${spec.name}=${text}`);
      const number = Number(text);
      if (spec.fractions && number > LONGEST_TIMEOUT) return Infinity;
      if (number !== 0) return number;
      return spec.zero === "processors" ? navigator.hardwareConcurrency : spec.zero;
    }
    case "unused":
      return undefined;
  }
}

function absolutePath(name: string, path: string): string {
  try {
    return `${Deno.cwd()}/${path}`;
  } catch (error) {
    throw new EnrootError(`Cannot resolve ${name}=${path}: no working directory`, {
      cause: error,
    });
  }
}
