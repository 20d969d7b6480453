import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import type { Settings } from "./settings.ts";

/** A configuration file in force. Embedded ones are part of the program. */
export type EffectiveFile =
  | { source: "embedded"; name: string }
  | { source: "system" | "user"; name: string; path: string };

export interface SearchOptions {
  directory: "mounts.d" | "environ.d" | "hooks.d";
  /** What the names of such files end with, `.fstab` for example. */
  suffix: string;
  /** The names of the files that the program brings along. */
  embedded: readonly string[];
}

/**
 * Lists the files of a configuration directory in the order in which they apply: the system's, then
 * the user's, each in name order.
 *
 * A system file takes the place of the embedded one of its name; an empty one takes it away.
 *
 * @throws EnrootError if a directory exists but cannot be read.
 */
export function effectiveFiles(settings: Settings, search: SearchOptions): EffectiveFile[] {
  const system = new Map<string, EffectiveFile>();
  for (const name of search.embedded) system.set(name, { source: "embedded", name });
  const systemDirectory = `${settings.sysconfPath}/${search.directory}`;
  for (const name of listNames(systemDirectory, search.suffix)) {
    const path = `${systemDirectory}/${name}`;
    if (isEmpty(path)) system.delete(name);
    else system.set(name, { source: "system", name, path });
  }
  const userDirectory = `${settings.configPath}/${search.directory}`;
  return [
    ...[...system.values()].sort((a, b) => a.name < b.name ? -1 : 1),
    ...listNames(userDirectory, search.suffix).sort().map((name): EffectiveFile => ({
      source: "user",
      name,
      path: `${userDirectory}/${name}`,
    })),
  ];
}

/** Where a file of `conf/` is: on disk for a source tree, inside the program once compiled. */
export function embeddedFile(path: string): URL {
  return new URL(`../../conf/${path}`, import.meta.url);
}

function listNames(directory: string, suffix: string): string[] {
  try {
    return [...Deno.readDirSync(directory)]
      .map((entry) => entry.name)
      .filter((name) => name.endsWith(suffix) && !name.startsWith("."));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw new EnrootError(`Cannot read ${directory}: ${messageOf(error)}`, { cause: error });
  }
}

function isEmpty(path: string): boolean {
  try {
    return Deno.statSync(path).size === 0;
  } catch {
    // A dangling link, such as one to a masked file: opening it will tell.
    return false;
  }
}
