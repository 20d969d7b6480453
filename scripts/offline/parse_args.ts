/**
 * The part of `@std/cli/parse-args` that the command line uses, on `node:util`.
 *
 * Only what both give: `--name` for booleans, `--name=value` for strings, `collect` for options that
 * may be repeated. Absent booleans are false, absent collected options are empty.
 */
import { parseArgs as parse } from "node:util";

export interface ParseOptions {
  boolean?: readonly string[];
  string?: readonly string[];
  collect?: readonly string[];
}

export function parseArgs(args: string[], options: ParseOptions = {}): Record<string, unknown> {
  const collected = options.collect ?? [];
  const known: Record<string, { type: "boolean" | "string"; multiple: boolean }> = {};
  for (const name of options.boolean ?? []) known[name] = { type: "boolean", multiple: false };
  for (const name of options.string ?? []) {
    known[name] = { type: "string", multiple: collected.includes(name) };
  }
  const { values, positionals } = parse({
    args,
    options: known,
    strict: false,
    allowPositionals: true,
  });
  const result: Record<string, unknown> = { _: positionals };
  for (const name of options.boolean ?? []) result[name] = false;
  for (const name of collected) result[name] = [];
  return Object.assign(result, values);
}
