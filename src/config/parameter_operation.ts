import { EnrootError } from "../diagnostics/mod.ts";
import type { ShellPattern } from "./shell_pattern.ts";

/**
 * `${NAME:offset:length}`: characters from an offset on. A negative offset counts from the end, and
 * so does a negative length, which says where to stop.
 *
 * @throws EnrootError if that is before the offset.
 */
export function substring(value: string, offset: number, length?: number): string {
  const characters = [...value];
  const start = offset < 0 ? characters.length + offset : offset;
  if (start < 0 || start > characters.length) return "";
  if (length === undefined) return characters.slice(start).join("");
  const end = length < 0 ? characters.length + length : start + length;
  if (end < start) throw new EnrootError(`${length}: substring expression < 0`);
  return characters.slice(start, end).join("");
}

/** `${NAME#pattern}` and its kin: the value without what matches at one side. */
export function trimMatch(
  value: string,
  pattern: ShellPattern,
  { side, longest }: { side: "start" | "end"; longest: boolean },
): string {
  const characters = [...value];
  return side === "start"
    ? characters.slice(pattern.matchStart(characters, longest) ?? 0).join("")
    : characters.slice(0, pattern.matchEnd(characters, longest)).join("");
}

/**
 * `${NAME/pattern/replacement}` and its kin: each match as long as it can be. A `&` in the
 * replacement is a letter like any other, as in bash before 5.2.
 */
export function replaceMatches(
  value: string,
  pattern: ShellPattern,
  { which, replacement }: { which: "first" | "all" | "start" | "end"; replacement: string },
): string {
  const characters = [...value];
  if (which === "start") {
    const end = pattern.matchStart(characters, true);
    return end === undefined ? value : replacement + characters.slice(end).join("");
  }
  if (which === "end") {
    const start = pattern.matchEnd(characters, true);
    return start === undefined ? value : characters.slice(0, start).join("") + replacement;
  }
  const parts: string[] = [];
  let at = 0;
  do {
    const match = pattern.find(characters, at);
    if (match === undefined) break;
    parts.push(characters.slice(at, match.start).join(""), replacement);
    at = match.end;
  } while (which === "all" && at < characters.length);
  return parts.join("") + characters.slice(at).join("");
}

/** `${NAME^pattern}` and its kin; without a pattern every character is meant. */
export function changeCase(
  value: string,
  pattern: ShellPattern | undefined,
  { upper, all }: { upper: boolean; all: boolean },
): string {
  return [...value].map((character, index) => {
    const meant = (all || index === 0) &&
      (pattern === undefined || pattern.matchStart([character], true) === 1);
    if (!meant) return character;
    const changed = upper ? character.toUpperCase() : character.toLowerCase();
    // As towupper(3): one character for one.
    return [...changed].length === 1 ? changed : character;
  }).join("");
}
