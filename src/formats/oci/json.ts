import { EnrootError } from "../../diagnostics/mod.ts";

/** A JSON object from outside, of which nothing is known yet. */
export type JsonObject = { readonly [key: string]: unknown };

/**
 * Parses a document that must be a JSON object. Malformed UTF-8 becomes U+FFFD, as the tools that
 * build images do it.
 *
 * @param what names the document in errors
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  return asObject(parseJson(bytes, what), what);
}

/** Parses a document that must be a list, as {@link parseJsonObject} does. */
export function parseJsonList(bytes: Uint8Array, what: string): readonly unknown[] {
  const value = parseJson(bytes, what);
  if (Array.isArray(value)) return value;
  throw unexpected(what, "a list");
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new EnrootError(`Cannot read ${what}: not JSON`, { cause });
  }
}

/** The value as an object; an error names it by `what`. */
export function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw unexpected(what, "an object");
}

/** The value as an object; absent or null is an empty one. */
export function asOptionalObject(value: unknown, what: string): JsonObject {
  return value === undefined || value === null ? {} : asObject(value, what);
}

/** The value as a string. */
export function asString(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw unexpected(what, "a string");
}

/** The value as a string; absent or null is the empty one. */
export function asOptionalString(value: unknown, what: string): string {
  return value === undefined || value === null ? "" : asString(value, what);
}

/** The value as a list; absent or null is an empty one. */
export function asOptionalList(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw unexpected(what, "a list");
}

/** The value as a number of bytes. */
export function asSize(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw unexpected(what, "a size in bytes");
}

function unexpected(what: string, expected: string): EnrootError {
  return new EnrootError(`Cannot read ${what}: not ${expected}`);
}
